"""Export: sessions of a store out into files, folders and other systems."""
