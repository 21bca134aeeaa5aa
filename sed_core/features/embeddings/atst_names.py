"""Names of ATST-Frame's tensors in published files, and here."""

import re


def renamed(key: str) -> str:
    """A tensor's name in a published file, behind the prefix, as it is here."""
    return re.sub(
        "^norm[.]", "norm_frame.", key.replace("patch_embed.patch_embed.", "patch_embed.")
    )
