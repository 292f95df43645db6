"""What is wrong with this installation: questions put to it from outside, each with a cure."""

from app.doctor.examination import examine
from app.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
