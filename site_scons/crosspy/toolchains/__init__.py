"""The compilers that people have: found, asked, held against a variant; the flags that they get."""
