"""What the configuration reads of registries, without importing them, is what they hold."""

from sed_core.config import registries
from sed_core.config.data_sections import DataSection
from sed_core.config.key import keys_of
from sed_core.config.network_sections import NETWORKS
from sed_core.config.split_roles import ENCODER_RATE
from sed_core.config.system import Stitching
from sed_core.config.workflow_sections import GRIDS, Variant
from sed_core.data.aggregation import AGGREGATIONS, RANDOM
from sed_core.features.embeddings.encoder import Encoder, MelEncoder
from sed_core.features.embeddings.encoder_registry import ENCODERS
from sed_core.inference.stitching import JOINS
from sed_core.models.network_registry import MODELS
from sed_core.scoring.postprocess import METHODS, PARAMETERS


def test_registries_are_read_without_importing_them():
    assert NETWORKS.keys() == MODELS.keys()
    assert registries.names(registries.ENCODERS, "ENCODERS").keys() == ENCODERS.keys()
    for name, encoder in ENCODERS.items():
        assert registries.kinds(name) == encoder.kinds
        assert registries.is_alignable(name) == encoder.alignable
        assert registries.options(name) == encoder.options
        assert registries.max_seconds(name) == encoder.max_seconds
        assert registries.hears_mel(name) == issubclass(encoder, MelEncoder)
        if issubclass(encoder, MelEncoder):
            assert registries.whole_seconds(name) == encoder.whole_seconds
    assert Encoder.sample_rate == ENCODER_RATE


def test_what_a_table_of_functions_names_is_what_the_configuration_takes():
    def accepted(section: type, name: str) -> set[str]:
        return set(next(one for one in keys_of(section) if one.name == name).rules["enum"])

    assert accepted(Stitching, "join") == set(JOINS)
    assert accepted(DataSection, "aggregation") == {*AGGREGATIONS, RANDOM}
    assert accepted(Variant, "method") == set(METHODS) == set(GRIDS)
    for method, grid in GRIDS.items():
        assert tuple(one.name for one in keys_of(grid)) == PARAMETERS[method]
