"""What a refusal of the command line looks like."""


def refused(outcome, code, *parts):
    """The outcome is one clear line on stderr, with these parts, and no traceback."""
    found, _, err = outcome
    assert found == code
    assert err.startswith("tinyxm: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for part in parts:
        assert part in err


def raising(error):
    def fail(folder):
        raise error

    return fail
