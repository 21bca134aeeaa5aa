"""Units shared by the sensors."""

JOULES_PER_KWH = 3_600_000.0
