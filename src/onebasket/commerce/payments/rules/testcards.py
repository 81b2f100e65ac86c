"""The simulated provider's test cards, by the token that stands for each, and what each one does."""

TEST_CARDS: dict[str, str] = {
    "tok_approved": "is approved",
    "tok_declined": "is declined",
    "tok_insufficient": "is declined for want of funds",
    "tok_late": "is approved, but the answer never comes",
    "tok_lost": "gets no answer, and nothing happens",
    "tok_arrives_late": "gets no answer, and is approved a while later",
    "tok_slow": "is approved after a second",
    "tok_broken_once": "fails at the provider the first time, and is approved after that",
    "tok_capture_late": "is approved; its capture is done, but the answer never comes",
    "tok_refund_late": "is approved; its refund is done, but the answer never comes",
    "tok_capture_lost": "is approved; its first capture gets no answer, and nothing happens",
}
