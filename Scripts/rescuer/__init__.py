"""Restores a Coffer store of version 1 without any Coffer program; `docs/formats/store.md` is what it follows."""
