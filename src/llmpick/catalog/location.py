"""Where the catalog is: inside an installed wheel, beside a checkout, and the user's own directories over it."""

import os
import sys
from pathlib import Path

from llmpick.errors import CatalogNotFound

_PACKAGE = Path(__file__).resolve().parents[1]


def packaged_directory() -> Path:
    """The directory inside the wheel (absent in a checkout or an editable install)."""
    return _PACKAGE / "catalog_data"


def builtin_directory() -> Path:
    """The catalog that came with llmpick. Raises CatalogNotFound naming what was tried."""
    tried = (packaged_directory(), _PACKAGE.parents[1] / "catalog")
    for directory in tried:
        if (directory / "models").is_dir():
            return directory
    raise CatalogNotFound("the model catalog is missing: tried " + " and ".join(map(str, tried)), "reinstall llmpick")


def catalog_directories(override: str | None = None) -> tuple[Path, ...]:
    """The built-in catalog, then its overlays: the user's configuration directory, LLMPICK_CATALOG, ``override``."""
    overlays = [config_directory() / "catalog"] if (config_directory() / "catalog").is_dir() else []
    for name in (os.environ.get("LLMPICK_CATALOG"), override):
        if name:
            if not Path(name).is_dir():
                raise CatalogNotFound(f"no catalog directory {name}", "give a directory that holds models/, gpus/, ...")
            overlays.append(Path(name))
    return builtin_directory(), *overlays


def config_directory() -> Path:
    """The platform's place for a user's settings."""
    return _platform_directory("XDG_CONFIG_HOME", "APPDATA", "Library/Application Support", ".config")


def cache_directory() -> Path:
    """The platform's place for what can be made again; ``LLMPICK_CACHE`` overrides."""
    override = os.environ.get("LLMPICK_CACHE")
    if override:
        return Path(override)
    return _platform_directory("XDG_CACHE_HOME", "LOCALAPPDATA", "Library/Caches", ".cache")


def _platform_directory(xdg: str, windows: str, mac: str, fallback: str) -> Path:
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or home) / "llmpick"
    if sys.platform == "darwin":
        return home / mac / "llmpick"
    return Path(os.environ.get(xdg) or home / fallback) / "llmpick"
