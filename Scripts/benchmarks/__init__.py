"""Coffer measured against what people use today, on the same data, in the same run."""
