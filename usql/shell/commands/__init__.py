"""The commands of the shell: names and help as data in ``registry``, what they do by subject."""
