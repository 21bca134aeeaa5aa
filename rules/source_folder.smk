"""A data set that is already on disk, used in place.

In:  a folder in the layout that `datasets` describes (SED_DATA, or `root` with source: folder).
Out: a receipt for each split.
"""


include: "adopt.smk"
