import numpy as np

from semgan import domain_guess
from semgan.data.dataset import Dataset


def clusters(counts, seed=0):
    """Features around one centre a domain, on an axis of a large offset and one that is constant."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(len(counts)), counts)
    features = rng.normal(0, 0.3, (len(domain), 4))
    features[np.arange(len(domain)), domain] += 2
    features = features * [1, 100, 0.01, 1] + [0, 5000, 0, 0]
    features[:, 3] = 7
    return features.astype(np.float32), domain


def test_clusters_are_told_apart_whatever_their_scale_and_share():
    features, domain = clusters([500, 20, 80])
    kernel = domain_guess.fit(features, domain, 3)
    assert kernel.shape == (5, 3)
    assert kernel.dtype == np.float32
    test_features, test_domain = clusters([40, 40, 40], seed=1)
    assert np.mean(domain_guess.predict(kernel, test_features) == test_domain) > 0.98


def test_one_feature_by_hand():
    # Features -1 and 1 have unit variance, targets a mean of 1/2: slopes are -+ 0.5 / (1 + 0.01), the bias 1/2.
    kernel = domain_guess.fit(np.array([[-1.0], [1.0]]), np.array([0, 1]), 2)
    np.testing.assert_allclose(kernel, [[-0.5 / 1.01, 0.5 / 1.01], [0.5, 0.5]], rtol=1e-6)


def test_dataset_is_read_in_whole_batches_of_float_images():
    images = np.zeros((150, 2, 2, 3), np.uint8)
    domain = (np.arange(150) % 2).astype(np.int32)
    images[1::2] = 255
    rows = np.arange(20, 150)
    dataset = Dataset("folder", "train", images, rows, domain[rows], ("a", "b"), {}, {}, "00")
    shapes = set()

    def features(batch):
        shapes.add((batch.shape, batch.dtype.name, float(batch.min()), float(batch.max())))
        return batch.mean((1, 2))

    kernel = domain_guess.fit_for(features, dataset, count=100)
    assert shapes == {((64, 2, 2, 3), "float32", -1.0, 1.0)}
    assert domain_guess.predict(kernel, np.array([[-1.0] * 3, [1.0] * 3])).tolist() == [0, 1]
