"""Where the prepared data of a data set lie below its folder, `data/<name>` in the workflow."""

from dataclasses import dataclass
from pathlib import Path

from sed_core.config.pseudo_labelling import PSEUDO, pseudo_labels
from sed_core.config.system import Pretrained
from sed_core.runtime.errors import SedError


@dataclass(frozen=True)
class PreparedData:
    """Paths below the folder of prepared data; nothing here looks whether a file exists.

    The rules write these paths out, because Snakemake matches them as patterns; everything else
    asks this class.

    Example:
        >>> data = PreparedData(Path("data/desed"))
        >>> data.ground_truth("devtest").as_posix()
        'data/desed/truth/devtest.tsv'
    """

    folder: Path
    pseudo_labels: Path | None = None
    """Folder of the labels that other systems made for the one that trains."""

    def manifest(self, split: str) -> Path:
        """TSV with a row for each expected clip: whether it is there, its length, its digest."""
        return self.folder / "manifests" / f"{split}.tsv"

    def audio(self, split: str) -> Path:
        """HDF5 of the usable clips at the data set's sample rate (`data.corpus`)."""
        return self.folder / "audio16k" / f"{split}.h5"

    def ground_truth(self, split: str) -> Path:
        """TSV of the checked annotations: events, labels of clips, or names only."""
        return self.folder / "truth" / f"{split}.tsv"

    def training_labels(self, split: str, soft: str | None) -> Path:
        """TSV of the events that train: the ground truth, or labels of 0 to 1 made in a way.

        Raises:
            SedError: other systems made them, and nobody said where they are.
        """
        if soft is None:
            return self.ground_truth(split)
        if soft.startswith(PSEUDO):
            if self.pseudo_labels is None:
                raise SedError(
                    f"other systems label split '{split}'; give the folder of their labels with "
                    "--pseudo-labels."
                )
            return self.pseudo_labels / pseudo_labels(split)
        return self.folder / "labels" / f"{split}_{soft}.tsv"

    def annotators(self, split: str) -> Path:
        """JSON of how far the annotators of a split agree with each other."""
        return self.folder / "annotators" / f"{split}.json"

    def durations(self, split: str) -> Path:
        """TSV of the clips that are scored and their lengths in seconds."""
        return self.folder / "truth" / f"{split}_durations.tsv"

    def embeddings(self, pretrained: Pretrained, split: str) -> Path:
        """HDF5 of a split's embeddings, by the model and of the kind that a system reads."""
        folder = self.folder / "embeddings" / str(pretrained.model)
        return folder / f"{split}_{pretrained.stored}.h5"

    def weights_receipt(self, pretrained: Pretrained) -> Path:
        """JSON that names the weights of a system's pretrained model, with their digest."""
        return self.folder / "embeddings" / str(pretrained.model) / "weights.json"
