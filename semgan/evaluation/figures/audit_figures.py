"""The memorisation audit as figures: whether generated pictures are new or copies of training pictures."""

import numpy as np

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.examples import Example, nearest_examples
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.judge_figures import pick_evenly
from semgan.evaluation.figures.origin import beside_training
from semgan.evaluation.figures.passport import Passport
from semgan.evaluation.figures.transfer_figures import transfer_origin
from semgan.evaluation.judge.judge_features import features_of
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translations
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.audit import Audit, run_audit
from semgan.evaluation.scores.neighbours import nearest_of_group

_HELD_OUT = 2000


def audit_figures(audit: Audit, passport: Passport) -> list[Figure]:
    """Computes `copies`, the share of pictures nearer to a training picture than 99 % of the held-out ones, and `copying_statistic`.

    The second is C_T in standard deviations, negative where generated pictures are nearer; its interval is over generated and held-out
    pictures, with cells and training pictures taken as fixed. Each has a part `p_value`.

    Args:
      passport: the passport of the generated pictures against the training pictures.
    """
    beyond, in_cells = passport.with_parameters(beyond="99 % of the held-out pictures"), passport.with_parameters(cells=audit.test.cells)
    statistic = audit.test.statistic
    interval = bootstrap.percentile_interval(statistic, audit.test.influences)
    alone = resamples_of("generated pictures, the real ones taken as fixed")
    return [
        Figure("copies", float(audit.copies.mean()), bootstrap.mean_interval(audit.copies), beyond, alone),
        Figure("copying_statistic", statistic, interval, in_cells, resamples_of("generated and held-out pictures")),
        Figure("copies/p_value", audit.copies_p_value, None, beyond),
        Figure("copying_statistic/p_value", audit.test.p_value, None, in_cells),
    ]


def audit_translations(judged_pairs: JudgedPairs, translations: Translations, train: Dataset) -> tuple[list[Figure], list[Example]]:
    """Audits translations, each picture beside the training pictures of its own domain alone.

    Returns:
      `audit_figures`, and the translations that come nearest to a training picture.
    """
    features, test = translations.verdict.features, judged_pairs.dataset
    train_places, real_places = (np.flatnonzero(np.isin(dataset.domain, judged_pairs.target)) for dataset in (train, test))
    real_places = pick_evenly(real_places, _HELD_OUT)
    train_features, real = features_of(judged_pairs.judge, train, train_places), features_of(judged_pairs.judge, test, real_places)
    train_domain = train.domain[train_places]
    distances, nearest = nearest_of_group(features, judged_pairs.target, train_features, train_domain)
    real_distances, _ = nearest_of_group(real, test.domain[real_places], train_features, train_domain)
    passport = beside_training(transfer_origin(judged_pairs), train).passport(len(train_features), len(features))
    figures = audit_figures(run_audit(features, real, train_features, distances, real_distances), passport)
    return figures, nearest_examples(distances, train_places[nearest], translations.images, train)
