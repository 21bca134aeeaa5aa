"""ELAN's .eaf: XML with a tier a class; times are whole milliseconds."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from sed_core.data.label_formats.labelled_events import (
    RecordingLabels,
    Source,
    from_text,
    in_time,
    tiers,
    timed,
    with_confidence,
)

_TYPES = {".wav": "audio/x-wav", ".mp3": "audio/mpeg"}
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
"""  # the date is fixed: the same events are the same file
_TAIL = """\
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt"
        TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"""


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """One recording; the sound is looked for beside the file."""
    for recording in recordings:
        name = PurePosixPath(recording.filename).name
        kind = _TYPES.get(PurePosixPath(name).suffix.lower(), "unknown")
        media = f"MEDIA_URL={quoteattr(name)} RELATIVE_MEDIA_URL={quoteattr('./' + name)}"
        found = tiers(recording.labels)
        yield _HEAD
        yield '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">\n'
        yield f'        <MEDIA_DESCRIPTOR {media} MIME_TYPE="{kind}"/>\n    </HEADER>\n'
        yield "    <TIME_ORDER>\n"
        for number, label in enumerate((one for row in found.values() for one in row), start=1):
            onset = round(label.onset * 1000)
            offset = max(onset + 1, round(label.offset * 1000))
            for slot, time in ((2 * number - 1, onset), (2 * number, offset)):
                yield f'        <TIME_SLOT TIME_SLOT_ID="ts{slot}" TIME_VALUE="{time}"/>\n'
        yield "    </TIME_ORDER>\n"
        number = 0
        for tier, labels in found.items():
            yield f'    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID={quoteattr(tier)}>\n'
            for label in labels:
                number += 1
                slots = f'TIME_SLOT_REF1="ts{2 * number - 1}" TIME_SLOT_REF2="ts{2 * number}"'
                yield "        <ANNOTATION>\n"
                yield f'            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" {slots}>\n'
                yield f"                <ANNOTATION_VALUE>{escape(with_confidence(label))}"
                yield "</ANNOTATION_VALUE>\n            </ALIGNABLE_ANNOTATION>\n"
                yield "        </ANNOTATION>\n"
            yield "    </TIER>\n"
        yield _TAIL


def read(source: Source) -> list[RecordingLabels]:
    """Annotations with times of all tiers; those that only refer to others are passed over."""
    if "<!ENTITY" in source.text:
        raise source.refuse("it defines entities, which ELAN never does; not read.")
    try:
        root = ElementTree.fromstring(source.text)
    except ElementTree.ParseError as error:
        raise source.refuse(f"not XML ({error}); save it again from ELAN.") from error
    times = {
        slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", "-1"))
        for slot in root.iter("TIME_SLOT")
    }
    labels = []
    for one in root.iter("ALIGNABLE_ANNOTATION"):
        onset, offset = (times.get(one.get(f"TIME_SLOT_REF{end}"), -1) / 1000 for end in (1, 2))
        text = (one.findtext("ANNOTATION_VALUE") or "").strip()
        if text:
            labels.append(from_text(*timed(source, onset, offset), text))
    return [RecordingLabels(source.filename, in_time(labels))]
