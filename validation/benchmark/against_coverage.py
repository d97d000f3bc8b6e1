"""Whether the 90 % intervals of a fit hold the truth as often as they say, on 500 synthetic data sets of the shipped example."""

from measuring import Row, say

SETS = 500
GOAL = (0.88, 0.92)


def coverage_of_fits() -> list[Row]:
    """A row for all keys together, the range over the keys beside it. Truths run through the engine, not the emulator."""
    say("  fits")
    import dermaflux as df
    from dermaflux.fit_check import interval_coverage

    plan = df.plan_fit(df.configs() / "fits/example.toml")
    found = interval_coverage(plan, SETS, progress=True)
    by_key, share = found.held.mean(axis=0), float(found.held.mean())
    counted = (
        f"{len(found.held)} data sets of known truth, drawn from the priors and run through the engine (quick grid), {len(plan.seen)} observations each; "
        f"in brackets the least and the most of {len(found.keys)} keys; chains of {found.times:.0f} autocorrelation times or more"
    )
    met, ends = GOAL[0] <= share <= GOAL[1], (100.0 * by_key.min(), 100.0 * by_key.max())
    return [Row("fit, 90 % intervals that hold the truth", 100.0 * share, 90.0, share / 0.9, "%", counted, "goal, 88 to 92", met, ends)]
