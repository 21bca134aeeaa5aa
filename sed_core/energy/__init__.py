"""What a stage costs: measured where there is a sensor, estimated and labelled so where not."""

from sed_core.energy.energy_record import write_energy
from sed_core.energy.meter import EnergyMeter

__all__ = ["EnergyMeter", "write_energy"]
