"""Evaluations of plain functions in the place of models, as reports have them."""

from semgan.evaluation.evaluate import evaluate_translations
from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations
from semgan.evaluation.report.evaluation_json import evaluation_json


def evaluated(translate, judge, dataset, *, pairs, translate_latent=None, batch_size=50, **chosen):
    """The evaluation of translations of held-out pairs; `chosen` goes to `judge_pairs`."""
    judged = judge_pairs(judge, dataset, pairs=pairs, **chosen)
    return evaluate_translations(judged, judge_translations(translate, judged, batch_size), translate_latent)


def transfer_report(translate, judge, dataset, **options):
    """The same as plain data."""
    return evaluation_json(evaluated(translate, judge, dataset, **options), judge, dataset)
