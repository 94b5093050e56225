"""root/: which files, installed, stripped, and the manifest of them."""
