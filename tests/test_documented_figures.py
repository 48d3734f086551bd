"""Figures in the documentation are those that the benchmarks last wrote."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from benchmarks import experiments, sending, sms, structure

from netlift.records import STAGES_OF_LIFE
from netlift.settings import AllocationSettings

ROOT = Path(__file__).parent.parent


def test_the_maps_figures() -> None:
    """docs/methods/map.md shows what benchmarks/results/map.json holds."""
    page = (ROOT / "docs/methods/map.md").read_text(encoding="utf-8")
    for name, told in json.loads((ROOT / "benchmarks/results/map.json").read_text(encoding="utf-8")).items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        cells = [cell.strip().replace("−", "-") for cell in row.strip("|").split("|")][1:]
        kept, distances, silhouette, seconds = float(cells[0].removesuffix(" %")), *map(float, cells[1:])
        assert kept == round(100 * told["neighbours_kept"], 1)
        assert (distances, silhouette) == (told["distances_spearman"], told["silhouette_of_types"])
        assert abs(seconds - told["cpu_seconds"]) < 0.05


def test_the_structure_tests_figures() -> None:
    """docs/methods/structure.md holds the tables that the benchmark wrote, and the tables are those of its JSON."""
    page = (ROOT / "docs/methods/structure.md").read_text(encoding="utf-8")
    tables = (ROOT / "benchmarks/results/structure.md").read_text(encoding="utf-8")
    assert f"<!-- benchmarks/results/structure.md -->\n{tables}<!-- end -->" in page
    assert tables == structure.tables(json.loads((ROOT / "benchmarks/results/structure.json").read_text(encoding="utf-8")))


def test_the_allocations_figures() -> None:
    """docs/methods/allocation.md shows what benchmarks/results/allocation.json holds."""
    told = json.loads((ROOT / "benchmarks/results/allocation.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/allocation.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {told['customers']:,} |")]
    sample = told["sample"]
    assert f"| {100 * told['gap']:.4f} % | {told['cpu_seconds']:g} | {told['peak_gb']:.1f} GB ({told['profits_alone_gb']:.1f} GB) |" in row
    assert f"| {100 * sample['share_of_highs']:.4f} % | {sample['highs_cpu_to_ours']:.0f} × |" in row
    alike = told["alike"]
    assert f"in {alike['runs']} runs the largest gap is {100 * alike['largest_gap']:.4f} %" in page
    assert f"at most {alike['largest_cpu_seconds']:g} CPU seconds" in page


def test_the_forecasts_figures() -> None:
    """docs/methods/value.md shows what benchmarks/results/value.json holds."""
    told = json.loads((ROOT / "benchmarks/results/value.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/value.md").read_text(encoding="utf-8").replace("−", "-")
    for name, of in (("netlift", "parameters"), ("published (2005, table 2)", "published")):
        assert f"| {name} | {' | '.join(str(v) for v in told[of].values())} |" in page
    for repeats, (said, came) in told["by_repeat_purchases"].items():
        assert f"| {repeats} | {said:.2f} | {came:.2f} |" in page
    for name in ("error_of_held_out_weeks", "error_of_all_weeks"):
        assert f"{100 * told[name]:+.1f} %" in page
    assert f"1 / {told['cpu_of_lifetimes_to_ours']:g} of its CPU" in page


def test_the_comparisons_figures() -> None:
    """docs/methods/comparison.md shows what the benchmarks comparison and usefulness last wrote."""
    page = (ROOT / "docs/methods/comparison.md").read_text(encoding="utf-8")
    told = json.loads((ROOT / "benchmarks/results/comparison.json").read_text(encoding="utf-8"))
    for size in ("100,000 customers", "1,000,000 customers"):
        units = told[size]["in_units"]
        row = f"| {size} | {units['comparison']:g} | {units['whole']:g} | {units['assignment']:g} | {told[size]['peak_gb']:.2f} GB |"
        assert row in page
    for kind, judged in json.loads((ROOT / "benchmarks/results/usefulness.json").read_text(encoding="utf-8")).items():
        assert f"| {kind} | {judged['sets']} | {judged['gained_on_choose']} | {judged['useful']} |" in page


def test_the_what_ifs_figures() -> None:
    """docs/methods/allocation.md shows what benchmarks/results/what_if.json holds."""
    told = json.loads((ROOT / "benchmarks/results/what_if.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/allocation.md").read_text(encoding="utf-8")
    assert f"{told['runs']:,} samples of {told['customers']:,} customers" in page
    assert f"the what-if of {told['customers_timed']:,} customers scored five times takes {told['cpu_seconds']:g} CPU seconds" in page
    for share, held in told["coverage_of_profit"].items():
        last = told["coverage_of_last"][share]
        assert f"| {100 * float(share):.0f} % | {100 * held:.1f} % | {100 * last:.1f} % |" in page
    two, three, five = (f"{100 * rate:.1f} %" for rate in told["sure_without_a_difference"].values())
    assert f"is called sure in {two} (2 levels), {three} (3), {five} (5)" in page


def test_the_allocations_settings_are_those_there_are() -> None:
    """The netlift.toml of docs/methods/allocation.md is read."""
    page = (ROOT / "docs/methods/allocation.md").read_text(encoding="utf-8")
    section = tomllib.loads(page.partition("```toml\n")[2].partition("```")[0])["allocation"]
    assert AllocationSettings.model_validate(section).model_fields_set == set(AllocationSettings.model_fields)


def test_the_stages_figures() -> None:
    """docs/methods/lifecycle.md shows what benchmarks/results/lifecycle.json holds."""
    page = (ROOT / "docs/methods/lifecycle.md").read_text(encoding="utf-8")
    for name, rules in json.loads((ROOT / "benchmarks/results/lifecycle.json").read_text(encoding="utf-8")).items():
        for rule, told in rules.items():
            (row,) = [line for line in page.splitlines() if line.startswith(f"| {name}, {rule} | ")]
            shown = [cell.strip() for cell in row.strip("|").split("|")][1:]
            assert shown[0] == " / ".join(f"{days:.0f}" for days in told["limits"])
            for stage, cell in zip(STAGES_OF_LIFE, shown[1:], strict=True):
                of = told["stages"].get(stage)
                assert cell == (f"{100 * of['bought_again']:.1f} % of {of['customers']:,}" if of else "–")


def test_the_figures_of_little_data() -> None:
    """docs/methods/little-data.md shows what benchmarks/results/little_data.json holds."""
    told = json.loads((ROOT / "benchmarks/results/little_data.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/little-data.md").read_text(encoding="utf-8")
    shares, survey = told["shares"], told["survey"]
    for pair in (shares["error"], shares["error_of_one_or_two_lines"], survey["too_high_by"]):
        assert f"| {pair['raw']:.3f} | {pair['netlift']:.3f} |" in page
    assert f"| {told['rates']['error']['raw']:.4f} | {told['rates']['error']['netlift']:.4f} |" in page
    assert f"| answer rates of small segments | {100 * told['rates']['inside']:.1f} % |" in page
    assert f"| what all customers say | {100 * survey['inside']:.1f} % |" in page
    assert f"were {shares['true_concentration']}, and {shares['concentration']} were found" in page
    assert f"(here {survey['answers_worth']} of those given)" in page
    assert [float(line.split("|")[2]) for line in page.split("extra profit |")[1].splitlines()[2:6]] == list(told["whom_to_ask"].values())


def test_the_affinitys_figures() -> None:
    """docs/methods/affinity.md shows what benchmarks/results/affinity.json holds."""
    told = json.loads((ROOT / "benchmarks/results/affinity.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/affinity.md").read_text(encoding="utf-8")

    def shown(figures: list[float], form: str, *, times: int = 1) -> str:
        figure, low, high = (format(times * x, form) for x in figures)
        unit = " %" if form == ".1f" else ""
        return f"{figure}{unit} [{low}{unit}, {high}{unit}]"

    for size in ("40 categories", "120 categories"):
        for name, method in told[size]["methods"].items():
            above = told[size]["netlift_above"].get(name)
            cells = [shown(method[figure], ".1f", times=100) for figure in ("precision_at_3", "hit_rate")]
            cells.append(shown(above, "+.1f", times=100) if above else "–")
            assert f"| {size}, {name} | {' | '.join(cells)} |" in page
        fate = told[size]["proposals"]
        cells = [shown(fate[figure], ".1f", times=100) for figure in ("rate_in_segment", "rate_elsewhere")]
        cells += [shown(fate[figure], ".2f") for figure in ("ratio", "ratio_of_what_was_not_proposed", "ratio_of_ratios")]
        assert f"| {size}, {fate['proposals']} proposals | {' | '.join(cells)} |" in page
    assert told["40 categories"]["proposals"]["of_segments"] == told["120 categories"]["proposals"]["of_segments"] == 2
    assert f"{told['40 categories']['customers']:,} households" in page


def test_the_uplifts_figures() -> None:
    """docs/methods/uplift.md shows what benchmarks/results/uplift.json holds."""
    told = json.loads((ROOT / "benchmarks/results/uplift.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/uplift.md").read_text(encoding="utf-8").replace("−", "-")
    for name, world in told["known_truth"].items():
        shares = (world["value_of_oracle"], world["gain_of_oracle"], world["best_for_all_gain_of_oracle"])
        assert f"| {name} | {world['learner']} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |" in page
    for name, found in told["no_effect"].items():
        assert f"| {name} | {found['no_uplift_found']} of {found['experiments']} | {found['personalised']} |" in page
    for outcome in told["hillstrom"].values():
        for name, q in outcome.items():
            if "qini" in q:
                assert f"| {name} | {q['qini']:.2f} | {q['low']:.2f} to {q['high']:.2f} |" in page
    assert f"costs {told['hillstrom']['visit']['all three of netlift']['cpu_of_two_models']:.1f} times" in page
    pilot = told["pilot"]
    assert f"| {pilot['profit']:,} | {pilot['least']:,} to {pilot['most']:,} | {pilot['low']:,} to {pilot['high']:,} |" in page


def test_the_powers_figures() -> None:
    """docs/methods/design.md shows what benchmarks/results/power.json holds, and planned and simulated power agree within .02."""
    told = json.loads((ROOT / "benchmarks/results/power.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/design.md").read_text(encoding="utf-8")
    cases = told["cases"]
    for name, case in cases.items():
        figures = f"{case['n_per_arm']:,} | {case['n_control']:,} | {case['planned']:.3f} | {case['simulated']:.3f}"
        assert f"| {name} | {figures} |" in page
        assert abs(case["planned"] - case["simulated"]) < 0.02
    assert f"({told['runs']:,} of each, {told['runs_permuted']:,} with the permutation test itself" in page
    looks, arms = cases["always valid, 20 looks"], cases["three arms, Dunnett"]
    assert f"finds it in {100 * looks['at_any_look']:.1f} % and an effect that is not there in {100 * looks['false_alarms']:.1f} %" in page
    assert f"False alarms of three arms together: {100 * arms['false_alarms']:.1f} %" in page
    for name, case in cases.items():
        if name.startswith("revenue"):
            assert f"{name}: {100 * case['false_alarms']:.1f} %" in page


def test_the_experiments_figures() -> None:
    """docs/methods/experiments.md shows what the benchmarks experiments and moments last wrote."""
    page = (ROOT / "docs/methods/experiments.md").read_text(encoding="utf-8")
    told = json.loads((ROOT / "benchmarks/results/experiments.json").read_text(encoding="utf-8"))
    for name, table in experiments.tables(told).items():
        assert f"<!-- {name} -->\n{table}\n<!-- end -->" in page
    for sentence in experiments.sentences(told):
        assert sentence in " ".join(page.split()), sentence
    cost = json.loads((ROOT / "benchmarks/results/moments.json").read_text(encoding="utf-8"))
    ours, hand = cost["netlift"], cost["by_hand"]
    assert f"{cost['orders']:,} orders of {cost['customers']:,} customers" in page
    assert f"{ours['cpu_seconds']:g} CPU seconds and {ours['peak_gb']:.2f} GB at most, {cost['cpu_to_by_hand']:g} times the CPU" in page
    assert f"({hand['peak_gb']:.2f} GB)" in page


def test_the_experiments_figures_keep_their_limits() -> None:
    """What experiments.md section 15 demands of error rates, within three standard errors of the simulation."""
    told = json.loads((ROOT / "benchmarks/results/experiments.json").read_text(encoding="utf-8"))
    error = 3 * (0.05 * 0.95 / told["runs"]) ** 0.5
    offered = [of for found in told["means"].values() for of in found.values()]
    offered += [of for of in told["proportions"].values() if of["welch"] > 0.5]
    offered += [of["gated"] for world in ("skewed", "ratio_skewed") for of in told[world].values()]
    offered += [told[world][kind] for world in ("cuped",) for kind in ("absolute", "relative")]
    offered += [of for method in ("delta", "cuped") for of in told["ratio"][method].values()]
    offered += [of["instrument"] for of in told["non_delivery"].values()]
    for of in offered:
        assert 0.95 - error <= of["holds"] <= 0.97, of
    warned = [of for found in told["permutation"].values() for of in found.values()]
    assert all(0.939 - error <= of["holds"] <= 0.953 + error for of in warned)  # as measured for section 8
    assert all(of["holds"] >= 0.95 - error for of in told["proportions"].values())
    assert abs(told["ratio"]["delta"]["absolute"]["holds"] - (1 - 0.053)) <= error
    assert told["ratio"]["per_order_t_test"] > 0.3
    assert max(told["peeking"]["confidence_sequence"], told["peeking"]["mixture_test"]) <= 0.05
    assert abs(told["sizes"]["50%"] - 0.001) <= 0.001
    assert abs(told["sizes"]["51%"] - 0.106) <= error
    for name in ("normal_holds", "beta_holds"):
        assert abs(told["bayes"][name] - 0.95) <= error
    assert told["comparisons"]["holm_any"] <= 0.05 + error


def test_the_lifts_figures() -> None:
    """docs/methods/lift.md shows what benchmarks/results/lift.json holds."""
    told = json.loads((ROOT / "benchmarks/results/lift.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/lift.md").read_text(encoding="utf-8").replace("−", "-")
    for world, found in told["planted"].items():
        cells = [f"{100 * one['mean']:.1f} % ({100 * one['coverage']:.1f} %)" for one in found.values()]
        assert f"| {world.replace('%', ' %')} | {' | '.join(cells)} |" in page
    for world, found in told["kpi"].items():
        cells = [f"{100 * one['bias']:+.1f} · {100 * one['rmse']:.1f} · {100 * one['coverage']:.1f} %" for one in found.values()]
        assert f"| {world.replace('%', ' %')} | {' | '.join(cells)} |" in page
    for world, one in told["two_way"].items():
        assert (
            f"| {world.replace('%', ' %')} | {100 * one['bias']:+.1f} · {100 * one['rmse']:.1f} · {100 * one['coverage']:.1f} % |" in page
        )
    for world, found in told["placebo"].items():
        cells = [f"{100 * found[name]:.1f} %" for name in ("false_alarms", "too_high", "too_low")]
        assert f"| {world} | {' | '.join(cells)} |" in page
    assert f"{told['draws']} draws" in page
    assert f"{told['runs']:,} shops" in page


def test_the_lifts_meet_their_limits() -> None:
    """What was promised of the lift's estimators holds in the results that were committed."""
    told = json.loads((ROOT / "benchmarks/results/lift.json").read_text(encoding="utf-8"))
    for world, found in told["planted"].items():
        truth = 0.15 if world.endswith("15%") else 0.0
        for name in ("did", "holdout_cuped"):
            assert abs(found[name]["mean"] - truth) < 0.01
            assert 0.92 <= found[name]["coverage"] <= 0.97
    assert told["planted"]["18, 15%"]["before_after"]["coverage"] < 0.05
    for world, found in told["kpi"].items():
        assert 0.92 <= found["holdout_did"]["coverage"] <= 0.965
        assert "unknown" in world or 0.92 <= found["ar1_gls"]["coverage"] <= 0.965
        assert found["naive"]["coverage"] < 0.65
    assert all(0.935 <= one["coverage"] <= 0.965 for one in told["two_way"].values())
    assert all("unknown" in world or 0.935 <= found["structural_time_series"]["coverage"] <= 0.965 for world, found in told["kpi"].items())
    for world, found in told["placebo"].items():
        error = (0.05 * 0.95 / found["runs"]) ** 0.5  # of a simulated share
        assert found["false_alarms"] <= 0.05 + 3 * error
        assert world.startswith("730") or found["false_alarms"] >= 0.04


def test_the_reviews_figures() -> None:
    """docs/methods/review.md shows what benchmarks/results/review.json holds, and the scorecard is the one it tells of."""
    told = json.loads((ROOT / "benchmarks/results/review.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/review.md").read_text(encoding="utf-8")
    card = json.loads((ROOT / "src/netlift/review/scorecard.json").read_text(encoding="utf-8"))
    assert (card["version"], {"base": card["base"], **card["weights"]}) == (told["version"], told["weights"])
    labels = told["labels"]
    assert f"{told['labelled']} campaigns ({labels['block']} block, {labels['review']} review, {labels['pass']} pass)" in page
    assert f"and {told['variants']:,} variants" in page
    assert f"| Brier score | {told['brier']} ({told['brier_of_the_base_rate']} for always" in page
    assert f"| {100 * told['disagrees']:.1f} % |" in page
    for row in told["reliability"]:
        assert f"| {100 * row['from']:.0f} | {row['campaigns']} | {row['said']:.2f} | {row['came']:.2f} |" in page
    for name, run in told["first_run"].items():
        bound = f"{100 * run['missed_at_most']:.1f} %"
        assert f"| {name} | {run['blocks']} | {run['block_passed']} | {bound} | {run['passes']} | {run['pass_flagged']} |" in page
    assert f"takes {told['milliseconds']} ms a campaign" in page
    assert f"its fix {told['seconds_of_a_million']} CPU seconds" in page
    assert all(counts["right"] == counts["campaigns"] for counts in told["verdicts"].values())


def test_the_audit_checks_figures() -> None:
    """docs/operating.md shows what benchmarks/results/audit.json holds."""
    told = json.loads((ROOT / "benchmarks/results/audit.json").read_text(encoding="utf-8"))
    page = " ".join((ROOT / "docs/operating.md").read_text(encoding="utf-8").split())
    assert told["sqlite"]["events"] == 1_000_000
    for name, start in (("SQLite", "To check a trail of"), ("PostgreSQL", "One of")):
        its = told[name.lower()]
        most = f"{its['memory_mb']} MB of memory (a thousand: {its['memory_mb_of_few']} MB)"
        assert f"{start} {its['events']:,} events took {its['cpu_seconds']} s of netlift's processor time and {most} on {name}" in page


def test_the_figures_of_acoustic_campaign() -> None:
    """docs/channels/acoustic.md shows what benchmarks/results/acoustic.json holds, and its counts agree exactly."""
    told = json.loads((ROOT / "benchmarks/results/acoustic.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/channels/acoustic.md").read_text(encoding="utf-8")
    accepted, failed = told["ledger"]["accepted"], told["ledger"]["failed"]
    assert (accepted + failed, failed, told["differences"], told["mailed_twice"]) == (told["people"], told["refused_rows"], {}, 0)
    assert told["events"]["sent"] == told["mailed"] == accepted - told["opted_out_there"]
    assert told["calls"]["ScheduleMailing"] == told["calls"]["CreateContactList"] == 1
    assert f"| {told['people']:,} | {accepted:,} | {failed:,} | {told['mailed']:,} | 0 |" in page
    seconds = (told["delivering"]["cpu_seconds"], told["collecting"]["cpu_seconds"])
    assert f"{seconds[0]:.0f} CPU seconds to hand over and {seconds[1]:.0f} to collect" in page
    assert f"{told['peak_gb']:.2f} GB" in page


def test_the_figures_of_kills() -> None:
    """docs/sending.md shows what benchmarks/results/chaos.json holds, and its sentence on what is in flight is true."""
    told = json.loads((ROOT / "benchmarks/results/chaos.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/sending.md").read_text(encoding="utf-8")
    for policy, of in told.items():
        unknown = of["unknown"] if policy == "hold" else of["counts"].get("unknown", 0)
        cells = [policy, f"{of['people']:,}", of["kills"], of["dropped"], of["people_twice"], of["not_ended"], unknown]
        assert f"| {' | '.join(map(str, cells))} | {of['samples_wrong']} of {of['samples']:,} |" in page
    hold, resend = told["hold"], told["resend"]
    assert hold["unknown"] <= 8 * hold["kills"] + hold["dropped"]
    assert resend["copies_too_many"] <= 8 * resend["kills"] + resend["dropped"]
    assert (hold["kills"], hold["people_twice"], hold["not_ended"]) == (1000, 0, 0)


def test_the_figures_of_the_ledger() -> None:
    """docs/sending.md shows what benchmarks/results/ledger.json holds; a message costs no more than 0.2 ms."""
    told = json.loads((ROOT / "benchmarks/results/ledger.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/sending.md").read_text(encoding="utf-8")
    cells = [*(told["cpu_ms"][name] for name in ("claim", "committing", "record", "release", "all")), told["bare_cpu_ms"]]
    assert f"| {' | '.join(f'{cell:.3f}' for cell in cells)} |" in page
    assert f"{told['messages_per_cpu_second']:,} messages for each second" in page
    assert told["cpu_ms"]["all"] <= 0.2


def test_the_figures_of_mail() -> None:
    """docs/email.md shows what benchmarks/results/sending.json holds: 30 % of smtp-source, 15 % signed, 5 times a plain loop."""
    told = json.loads((ROOT / "benchmarks/results/sending.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/email.md").read_text(encoding="utf-8")
    for name, table in sending.tables(told).items():
        assert f"<!-- {name} -->\n{table}\n<!-- end -->" in page
    assert f"messages of {told['bytes']:,} bytes ({told['bytes_signed']:,} signed)" in page
    rates = told["rates"]
    assert rates["launch"]["to_source"] >= 0.3
    assert rates["launch_signed"]["to_source"] >= 0.15
    assert rates["launch_signed"]["per_second"] >= 5 * rates["loop"]["per_second"]
    few, many = told["by_people"].values()
    assert many["peak_mb"] <= 1.1 * few["peak_mb"]
    assert many["cpu_ms"] <= 1.1 * few["cpu_ms"]


def test_the_figures_of_filling() -> None:
    """docs/sending.md shows what benchmarks/results/filling.json holds; a million people take no more memory than 10,000."""
    told = json.loads((ROOT / "benchmarks/results/filling.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/sending.md").read_text(encoding="utf-8")
    for people, one in told.items():
        assert f"| {int(people):,} | {one['cpu_seconds']:.1f} | {one['peak_mb']} MB |" in page
    assert told["1000000"]["peak_mb"] <= 1.1 * told["10000"]["peak_mb"]


def test_the_figures_of_texts() -> None:
    """docs/channels/sms.md shows what benchmarks/results/sms.json holds: 20 kills, nobody twice, nobody lost, every receipt on its row."""
    told = json.loads((ROOT / "benchmarks/results/sms.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/channels/sms.md").read_text(encoding="utf-8")
    assert sms.row(told) in page
    assert (told["people"], told["kills"], told["state"]) == (10_000, 20, "completed")
    assert [told[name] for name in ("twice", "lost", "receipts_missing", "receipts_wrong")] == [0, 0, 0, 0]
    assert told["counts"].get("unknown", 0) <= 8 * told["kills"]
    assert told["answered_stop"] == told["stopped"]
