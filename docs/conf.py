"""Configuration of Sphinx. Nothing is fetched from a network, neither while building nor while reading."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from commscore import __version__

project = "commscore"
author = "The commscore developers"
project_copyright = author
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "commscore_docs", "tutorials"]
exclude_patterns = ["_build", "_ext"]
nb_execution_mode = "off"
smartquotes = False  # quoted values stay as they are typed
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_member_order = "alphabetical"
autodoc_typehints = "none"  # the sections "Parameters" and "Returns" tell the types
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "alabaster"
html_title = f"commscore {release}"
html_static_path = ["_static"]
html_show_sourcelink = False
html_theme_options = {
    "description": "Cell–cell communication in single-cell data: scored, tested, compared, explained.",
    "fixed_sidebar": True,
    "page_width": "1000px",  # below it the navigation is on top; wide windows get more in commscore.css
    "body_max_width": "none",
}
