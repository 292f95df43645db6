"""The independent judge of a run: does what came out follow from what went in?

It reads records as they stand on the wire, inputs and outputs, and asks the properties P1 to P5 and P8 of a run and the
laws of money L1 and L3. It shares no code with the product: it imports the standard library alone, and reckons every
sum itself, from the words of the contract. Where the wire does not tell what the product knew when it decided, it takes
the product's side: a violation is one under every order of events that the records allow.

    from app.demo.oracle import judge, replay_input, replay_output
    inputs, outputs = replay_input(open("in.jsonl")), replay_output(open("out.jsonl"))
    verdict = judge(inputs, outputs, total_order=True, exactly_once=True)
    assert verdict.holds, verdict

Reading order: `wire` (records), `heard` and `said` (both sides, folded), `money` (what a payment has), `rules/` (one
file per property), `judge` (the list of rules).
"""

from app.demo.oracle.judge import RULES, Judge, judge
from app.demo.oracle.verdict import Figures, Verdict, Violation
from app.demo.oracle.wire import Expectation, Position, Record, kafka_record, replay_input, replay_output

__all__ = [
    "RULES",
    "Expectation",
    "Figures",
    "Judge",
    "Position",
    "Record",
    "Verdict",
    "Violation",
    "judge",
    "kafka_record",
    "replay_input",
    "replay_output",
]
