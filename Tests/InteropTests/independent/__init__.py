"""A second implementation of age, made of Python's `cryptography` and `hashlib` alone, to hold Coffer's against."""
