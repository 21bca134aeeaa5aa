// The part of a recording that is shown.

export class View {
  constructor(duration) {
    Object.assign(this, { duration, start: 0, length: duration });
  }

  get end() {
    return this.start + this.length;
  }

  get isWhole() {
    return this.length >= this.duration;
  }

  // Show factor times as much, around a time that stays where it is.
  zoom(factor, around) {
    const share = (Math.min(Math.max(around, this.start), this.end) - this.start) / this.length;
    const length = Math.min(this.duration, Math.max(Math.min(0.5, this.duration), this.length * factor));
    const start = around < this.start || around > this.end ? around - length / 2 : around - share * length;
    this.length = length;
    this.move(start);
  }

  move(start) {
    this.start = Math.min(Math.max(0, start), this.duration - this.length);
  }

  // Bring a time into the picture; whether the view moved for that.
  follow(time) {
    if (time >= this.start && time <= this.end) return false;
    this.move(time - 0.05 * this.length);
    return true;
  }
}
