"""After `kill -9` or a power cut the same command continues: it removes the dead run's lock."""

from pathlib import Path

from sed_core.runtime.run_lock import begin_run

# Jobs on a cluster may go on without the run that submitted them, which nobody sees from here.
if workflow.is_main_process and workflow.resource_settings.nodes is None:
    begin_run(Path(".snakemake/locks"))
