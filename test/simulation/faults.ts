/** How often things go wrong: probabilities per call, per event or per step, as each name says. */
export interface FaultOptions {
  readonly callFailsBeforeEffect: number;
  readonly callFailsAfterEffect: number;
  readonly processKilledPerCall: number;
  readonly processStallsPerCall: number;
  readonly meddledWithPerCall: number;
  readonly clockJumpsPerInvocation: number;
  readonly eventLost: number;
  readonly eventDuplicated: number;
  /** Copies of a duplicated event, at most. */
  readonly eventCopies: number;
  readonly eventDelayed: number;
  readonly foreignEventPerStep: number;
  /** Per timer and step: of the many times that it is due in one, none comes off. */
  readonly timerSkipped: number;
  /** Per timer and step: its lease got lost, and two machines run it. */
  readonly timerTwice: number;
  readonly nodesUnseen: number;
  /** Per step, and there are more kinds of meddling than this one number says: each is drawn apart. */
  readonly personMeddles: number;
  readonly worldTurnsBadPerStep: number;
  /** Within which a quarantined node must be told of, in hours, when looks fail this often. */
  readonly toldWithinHours: number;
}

export const NO_FAULTS: FaultOptions = {
  callFailsBeforeEffect: 0,
  callFailsAfterEffect: 0,
  processKilledPerCall: 0,
  processStallsPerCall: 0,
  meddledWithPerCall: 0,
  clockJumpsPerInvocation: 0,
  eventLost: 0,
  eventDuplicated: 0,
  eventCopies: 2,
  eventDelayed: 0,
  foreignEventPerStep: 0,
  timerSkipped: 0,
  timerTwice: 0,
  nodesUnseen: 0,
  personMeddles: 0,
  worldTurnsBadPerStep: 0,
  toldWithinHours: 1,
};

export const MANY_FAULTS: FaultOptions = {
  callFailsBeforeEffect: 0.015,
  callFailsAfterEffect: 0.015,
  processKilledPerCall: 0.004,
  processStallsPerCall: 0.001,
  meddledWithPerCall: 0.002,
  clockJumpsPerInvocation: 0.05,
  eventLost: 0.3,
  eventDuplicated: 0.3,
  eventCopies: 3,
  eventDelayed: 0.3,
  foreignEventPerStep: 0.03,
  timerSkipped: 0.5,
  timerTwice: 0.05,
  nodesUnseen: 0.05,
  personMeddles: 0.05,
  worldTurnsBadPerStep: 0.03,
  toldWithinHours: 6,
};

/** Design §8: the end is the same when nothing but the delivery of events goes wrong, this badly. */
export const EVENT_FAULTS: FaultOptions = {
  ...NO_FAULTS,
  eventLost: 0.3,
  eventDuplicated: 1,
  eventCopies: 10,
  eventDelayed: 1,
};

/** Processes die so often that most looks end halfway: what is left half done shows. */
export const STORM: FaultOptions = {
  ...MANY_FAULTS,
  processKilledPerCall: 0.03,
  processStallsPerCall: 0.004,
  toldWithinHours: Number.POSITIVE_INFINITY,
};

export const PROFILES = {
  many: MANY_FAULTS,
  none: NO_FAULTS,
  events: EVENT_FAULTS,
  storm: STORM,
} as const;

export type Profile = keyof typeof PROFILES;
