"""Input and parameter functions of the rules; no rules here."""


def embedding_inputs(system, splits):
    """What a system with a pretrained network reads besides audio; nothing for others."""
    pretrained = SYSTEMS[system]["pretrained"]
    folder = f"<data>/embeddings/{pretrained['model']}"
    if pretrained["model"] is None:
        return []
    if pretrained["e2e"]:
        return [f"{folder}/weights.json"]
    kind = STORED[pretrained["kind"]]
    return [f"{folder}/{split}_{kind}.h5" for split in splits]


def annotator_scores(wildcards):
    """How far annotators can be trusted, where that weighs their labels."""
    weighs = wildcards.method.startswith("weighted")
    return f"<data>/annotators/{wildcards.split}.json" if weighs else []


def prediction_embeddings(wildcards):
    """The embeddings of the predicted split; those of an end-to-end system come from its model."""
    if SYSTEMS[wildcards.system]["pretrained"]["e2e"]:
        return []
    return embedding_inputs(wildcards.system, [wildcards.split])


def embedding(key):
    """A parameter function: one value of the entry in `embeddings`."""
    return lambda wildcards: config["embeddings"][wildcards.embedding][key]


def network(wildcards):
    """A parameter function: registered name of an entry's network."""
    return encoders.network(wildcards.embedding, config)


def frames_to_derive_from(ending):
    """An input function: the frames that others of a network follow from, where asked for."""

    def file(wildcards):
        entry = config["embeddings"][wildcards.embedding]
        if wildcards.kind not in DERIVED or not entry["from_frames"]:
            return []
        return (
            f"<data>/embeddings/{wildcards.embedding}/{wildcards.split}_frame{ending}"
        )

    return file


def published_embeddings(wildcards):
    """The published file, so that another one is imported anew; the job says what is missing."""
    folder = config["embeddings"][wildcards.embedding]["extracted"]
    try:
        return [str(published_file(folder, wildcards.split))]
    except SedError:
        return []


def embedding_threads(wildcards):
    """A small network of mini gains nothing from more than one; several jobs do."""
    small = config["embeddings"][wildcards.embedding]["pretraining"]
    return 1 if small else config["compute"]["threads"]


def embedding_gpus(wildcards):
    """One at most; deriving from frames that are there computes next to nothing."""
    derived = frames_to_derive_from(".h5")(wildcards)
    return 0 if derived else min(1, config["compute"]["gpus"])


def weights_options(wildcards):
    """Addresses and checksum, and what is changed in the network."""
    entry = config["embeddings"][wildcards.embedding]
    options = [f"--url {shlex.quote(url)}" for url in entry["urls"]]
    if changed := encoders.options(wildcards.embedding, config):
        options.append(f"--options {shlex.quote(json.dumps(changed, sort_keys=True))}")
    if entry["checksum"]:
        options.append(f"--checksum {entry['checksum']}")
    return " ".join(options)


def notes():
    """What tables say of pretrained networks, by name: known to what is written last only."""
    entries = config["embeddings"].items()
    return json.dumps({name: entry["note"].strip() for name, entry in entries})


def weights_state(wildcards):
    """Changes with a file put by hand. One that is fetched appears during a run: no change."""
    entry = config["embeddings"][wildcards.embedding]
    path = Path(entry["weights"])
    if entry["pretraining"] or entry["urls"] or not path.is_file():
        return None
    return f"{path.stat().st_size} {path.stat().st_mtime_ns}"


def pretrained_mini_weights(wildcards):
    """The file that rule pretrain_mini makes, for entries that ask for it."""
    entry = config["embeddings"][wildcards.embedding]
    return [entry["weights"]] if entry["pretraining"] else []


def embeddings_where(test):
    """A wildcard constraint: the entries of `embeddings` that pass a test."""
    return one_of([name for name, e in config["embeddings"].items() if test(e)])


def provenance_files(row, seed):
    """Where the networks behind a row come from; several files for an ensemble."""
    if ROWS[row].kind == "ensemble":
        members = ROWS[row].members
        return [
            path for name in members for path in seed_files(name, "provenance.json")
        ]
    return [f"<results>/{row}/seed{seed}/provenance.json"]


def untuned(pattern):
    """An input function: a file of the system that a variant decodes."""
    return lambda wildcards: expand(
        f"<results>/{ROWS[wildcards.variant].members[0]}/seed{wildcards.seed}/{pattern}",
        split=wildcards.get("split"),
    )


def tuning(pattern):
    """An input function: a file about the split that a variant is tuned on."""
    return lambda wildcards: pattern.format(
        system=ROWS[wildcards.variant].members[0],
        seed=wildcards.seed,
        split=ROWS[wildcards.variant].variant["tune_on"],
    )


def member_files(pattern):
    """An input function: one file for each seed of each member of an ensemble."""
    return lambda wildcards: [
        path
        for member in ROWS[wildcards.ensemble].members
        for path in seed_files(member, pattern.format(**wildcards))
    ]


def shown_energy():
    """Energy records of all systems and ensembles; variants cost what their system costs."""
    names = [name for name, row in TARGETS.items() if row.kind != "variant"]
    reference = config["energy"]["reference"]
    named = dict.fromkeys([*names, *([reference] if reference else [])])
    files = [path for name in named for path in energy_files(name)]
    for name, row in TARGETS.items():
        files += seed_files(name, f"{row.system['data']['test']}_scoring.energy.json")
    files += [
        path
        for row in named
        for name in systems_of(row)
        for path in extraction_energy(name)
    ]
    return list(dict.fromkeys(files))


def extraction_energy(system):
    """Energy records of the embeddings that a system reads, as far as they are made here."""
    pretrained = SYSTEMS[system]["pretrained"]
    model = pretrained["model"]
    if model is None or pretrained["e2e"] or config["embeddings"][model]["extracted"]:
        return []
    splits = dict.fromkeys(used_splits(SYSTEMS[system]))
    return [
        f"<data>/embeddings/{model}/{split}_{STORED[pretrained['kind']]}.energy.json"
        for split in splits
    ]


def reference_option():
    """The system that energies are compared with."""
    reference = config["energy"]["reference"]
    return f"--reference {reference}" if reference else ""


def reported_split():
    """The split that all rows are scored on; where they differ, that of the first."""
    return next(iter(TARGETS.values())).system["data"]["test"]


def splits_in_use(*labels):
    """Splits that the targets need; with `labels`, only those that are labelled so."""
    wanted = labels or ("strong", "weak", "none")
    return composition.splits_in_use(TARGETS, ROWS, DATASET["splits"], wanted)


def report_files(_wildcards):
    """What the report reads of each seed of each row."""
    files = []
    for name, row in TARGETS.items():
        split = row.system["data"]["test"]
        files += seed_files(name, f"{split}_roc.json")
        files += seed_files(name, f"{split}_events/student.tsv")
        if row.kind == "system":
            files.append(f"<results>/{name}/system.json")
        files += histories(name)
    return files


def histories(row):
    """Learning curves: only of what was trained here."""
    trained = ROWS[row].kind == "system" and not is_given(row)
    return seed_files(row, "history.csv") if trained else []
