"""What the site is made of: each module writes one kind of page for Sphinx to read. See ../make_site.py."""
