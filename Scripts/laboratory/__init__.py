"""A laboratory: the deployment that Coffer backs up, run for real on one machine without privileges."""
