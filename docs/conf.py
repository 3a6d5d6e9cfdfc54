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

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "api_pages",
    "commscore_docs",
    "tutorials",
]
exclude_patterns = ["_build", "_ext"]
nb_execution_mode = "off"
smartquotes = False  # quoted values stay as they are typed
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_member_order = "alphabetical"
autodoc_typehints = "none"  # the sections "Parameters" and "Returns" tell the types
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
nitpicky = True  # a link that leads nowhere is a warning, and the build is run with -W
nitpick_ignore = [("py:class", "numpy.random.Generator")]  # other projects' pages are not looked up

html_theme = "sphinx_book_theme"
html_title = "commscore"
html_static_path = ["_static"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "commscore"},
    "show_navbar_depth": 1,
    "navbar_start": [],  # the side bar has name and search
    "navbar_persistent": [],
    "use_download_button": False,  # the sources of pages help nobody who reads them
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
