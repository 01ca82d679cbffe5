"""Panoramas of functions on the sphere, for tests: what is smooth on the sphere is so at the poles and at the edges too."""

import math

import numpy as np


def directions(height):
    """Unit vectors (east of longitude 0 at 90 degrees, north, ...) of the pixels: latitude, longitude in radians and (h, 2h, 3)."""
    latitude = (math.pi / 2 - (np.arange(height) + 0.5) * math.pi / height)[:, None]
    longitude = ((np.arange(2 * height) + 0.5) * math.pi / height)[None]
    across = np.cos(latitude)
    parts = (across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude) + 0 * longitude)
    return latitude, longitude, np.stack(np.broadcast_arrays(*parts), -1)


def waves(height, highest, seed=0, count=30):
    """A sum of plane waves of up to `highest` radians per radian of the sphere: uint8 (height, 2 height, 3)."""
    random = np.random.default_rng(seed)
    points, total = directions(height)[2], 0
    for _ in range(count):
        wave = random.normal(size=3)
        wave *= random.uniform(0.2, 1) * highest / np.linalg.norm(wave)
        total = total + random.normal(size=3) * np.sin(points @ wave + random.uniform(0, 7))[..., None]
    return np.rint(np.clip(127.5 + 45 * total / total.std(), 0, 255)).astype(np.uint8)


def spot(height, latitude, longitude, radius=4.0):
    """A soft white spot on black around a direction, all in degrees: uint8 (height, 2 height, 3)."""
    latitude, longitude = math.radians(latitude), math.radians(longitude)
    towards = (math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude))
    angle = np.arccos(np.clip(directions(height)[2] @ np.array(towards), -1, 1))
    value = np.rint(255 * np.exp(-((angle / math.radians(radius)) ** 2)))
    return np.repeat(value[..., None], 3, -1).astype(np.uint8)


def centroid(image):
    """The middle of the light: (x, y) in pixels from the picture's centre, right and down."""
    light = image[..., 0].astype(float)
    light /= light.sum()
    y, x = np.indices(light.shape) + 0.5
    return np.array([(light * x).sum() - light.shape[1] / 2, (light * y).sum() - light.shape[0] / 2])


def psnr(first, second):
    """Peak signal-to-noise ratio in dB."""
    error = np.mean((first.astype(float) - second) ** 2)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
