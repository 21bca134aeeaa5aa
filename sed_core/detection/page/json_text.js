// JSON as Python prints it, so that a file from the page is the file of sedlab detect.

// A number that has a point even where it is whole.
export class Float {
  constructor(value) {
    this.value = value;
  }

  toString() {
    const { value } = this;
    if (value !== 0 && Math.abs(value) < 1e-4) {
      return value.toExponential().replace(/e-(\d)$/, "e-0$1");
    }
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
}

// indent: blanks a level, or null for one line.
export function jsonText(value, indent = null, level = 0) {
  if (value instanceof Float) return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((one) => jsonText(one, indent, level + 1))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${jsonText(one, indent, level + 1)}`);
  const [open, close] = isList ? "[]" : "{}";
  if (!parts.length) return open + close;
  if (indent === null) return open + parts.join(", ") + close;
  const line = "\n" + " ".repeat(indent * (level + 1));
  return open + line + parts.join("," + line) + "\n" + " ".repeat(indent * level) + close;
}
