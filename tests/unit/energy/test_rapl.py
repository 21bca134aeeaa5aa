import pytest

from sed_core.energy import rapl
from sed_core.energy.rapl import Rapl


def test_packages_and_memory_count_once_each(powercap) -> None:
    sensor = Rapl(powercap.root)
    for domain, joules in {
        "intel-rapl:0": 136,
        "intel-rapl:0:0": 80,
        "intel-rapl:0:1": 13.6,
        "intel-rapl:1": 900,
        "intel-rapl-mmio:0": 136,
    }.items():
        powercap.set(domain, joules)
    sensor.update()
    assert sensor.kwh("package") == pytest.approx(36 / 3.6e6)
    assert sensor.kwh("dram") == pytest.approx(3.6 / 3.6e6)


def test_two_sockets_add_up(powercap) -> None:
    powercap.add("intel-rapl:2", "package-1", 0)
    sensor = Rapl(powercap.root)
    powercap.set("intel-rapl:0", 103)
    powercap.set("intel-rapl:2", 4)
    sensor.update()
    assert sensor.kwh("package") == pytest.approx(7 / 3.6e6)


def test_the_counter_wraps(powercap) -> None:
    sensor = Rapl(powercap.root)
    for joules in (990, 20, 50):  # 100 -> 990 -> 1020 -> 1050
        powercap.set("intel-rapl:0", joules)
        sensor.update()
    assert sensor.kwh("package") == pytest.approx(950 / 3.6e6)


def test_no_powercap_is_a_reason(tmp_path) -> None:
    sensor = Rapl(tmp_path / "absent")
    sensor.update()
    assert sensor.kwh("package") is None
    assert sensor.reason == "no RAPL sensor (virtual machine, container or other processor)"


def test_without_a_memory_domain_only_memory_is_unknown(tmp_path, powercap) -> None:
    for file in (powercap.root / "intel-rapl:0:1").iterdir():
        file.unlink()
    (powercap.root / "intel-rapl:0:1").rmdir()
    sensor = Rapl(powercap.root)
    assert sensor.kwh("dram") is None
    assert sensor.kwh("package") == 0.0


def test_root_only_counter_is_a_reason(powercap, monkeypatch) -> None:
    def refuse(path):
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return path.read_text().strip()

    monkeypatch.setattr(rapl, "_read", refuse)
    sensor = Rapl(powercap.root)
    assert sensor.kwh("package") is None
    assert sensor.reason.endswith("intel-rapl:0/energy_uj is readable for root only")


def test_a_counter_that_turns_to_rubbish_is_a_reason(powercap) -> None:
    sensor = Rapl(powercap.root)
    (powercap.root / "intel-rapl:0" / "energy_uj").write_text("broken\n")
    sensor.update()
    assert sensor.kwh("package") is None
    assert sensor.reason.startswith("RAPL: ")
