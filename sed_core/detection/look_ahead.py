"""How much of the future a system's frame scores depend on."""

from sed_core.config.system import System


def look_ahead(system: System) -> float | None:
    """Seconds after a frame's end that its scores depend on; None: the whole window.

    The last mel frame of an output frame lies a hop before the frame's end, and its STFT reaches
    half an analysis window further. Each block's kernel reaches half its size, in mel frames times
    all poolings over time before it.

    Args:
        system: whose scores do not depend on the window's end where the GRU only reads forward and
            nothing is scaled by the window itself.
    """
    net, feats = system.net, system.feats
    forward = net.get("model") == "crnn" and net.get("rnn_type") == "GRU"
    fixed = system.scaler.statistic != "instance" and not feats.peak_level
    if not (forward and fixed) or system.pretrained.model is not None:
        return None
    reach, pooled = 0, 1
    kernels = net.get("kernel_size", [3] * len(net["pooling"]))
    for kernel, (time, _) in zip(kernels, net["pooling"], strict=True):
        reach += kernel // 2 * pooled
        pooled *= time
    samples = (reach - 1) * feats.hop_length + feats.n_window // 2
    return max(0, samples) / system.dataset.sample_rate
