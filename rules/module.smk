"""Used as a module, the workflow is given what differs from `config.yaml`; no rules here."""

import yaml

from sed_core.config.systems import merge

if workflow.modifier.skip_configfile:
    config = merge(yaml.safe_load((HOME / "config.yaml").read_text()), config)

    pathvars:
        **config["pathvars"],
