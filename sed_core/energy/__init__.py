"""What a stage costs: measured where there is a sensor, estimated and labelled so where not."""

from sed_core.energy.meter import EnergyMeter
from sed_core.energy.record import write_energy

__all__ = ["EnergyMeter", "write_energy"]
