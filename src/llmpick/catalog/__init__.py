"""Checked facts about models, GPUs, licences, formats and runtimes."""

from llmpick.catalog.catalog import Catalog, open_catalog

__all__ = ["Catalog", "open_catalog"]
