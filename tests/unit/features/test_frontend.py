import torch

from sed_core.features.frontend import FrontEnd
from tests.made_data import tiny_system


def test_peak_level_makes_clips_equally_loud():
    generator = torch.Generator().manual_seed(0)
    clip = torch.randn(1, 16000, generator=generator)
    clips = torch.cat([clip, clip / 100, torch.zeros_like(clip)])
    plain, level = (FrontEnd(tiny_system(feats={"peak_level": on})) for on in (False, True))
    loud, faint, silent = level.magnitudes(clips)
    assert torch.allclose(loud, faint, rtol=1e-4)
    assert torch.allclose(loud, plain.magnitudes(clip / clip.abs().max())[0], rtol=1e-4)
    assert not silent.any()
    assert torch.equal(plain.magnitudes(clips), plain.mel(clips))
