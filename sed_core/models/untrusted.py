"""The reader of foreign torch files, for the layers above; pretrained weights need it as well."""

from sed_core.features.untrusted import read_untrusted, reason

__all__ = ["read_untrusted", "reason"]
