"""Colours: reflectance per band, CIE XYZ and L*a*b* under D65, and what of them a screen (sRGB) can show."""

from collections.abc import Sequence

import numpy as np

from . import _core

# Linear sRGB from CIE XYZ under D65. Source: IEC 61966-2-1:1999.
_SRGB_FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
# What of linear light may lie beyond 0 to 1 before it counts as outside: the rounding of that matrix, on white.
_ROUNDING = 5e-4

Lab = tuple[float, float, float]


def xyz(reflectance: np.ndarray) -> np.ndarray:
    """CIE X, Y, Z of a reflectance per band (last axis) under D65, 2 degrees; Y of a perfect white is 1.

    The matching functions are a fit and its white is off that of the standard by less than 1 %; each of the three is scaled so that
    a perfect white has the white of the sRGB matrix, and grey is grey.
    """
    weights = np.array(_core.colour_weights())
    white = np.linalg.solve(_SRGB_FROM_XYZ, np.ones(3))
    return np.asarray(reflectance) @ (weights / weights.sum(axis=1, keepdims=True) * white[:, None]).T


def srgb(reflectance: np.ndarray) -> np.ndarray:
    """Colour of a surface on a screen, under D65 light in which a perfect white is white.

    Parameters
    ----------
    reflectance: per band of :func:`dermaflux._core.wavelengths_nm` along the last axis, linear between bands [-].

    Returns
    -------
    Red, green and blue along the last axis, 0 to 1, cut off where a screen cannot show the colour. Source: IEC 61966-2-1:1999.
    """
    return srgb_and_clipped(reflectance)[0]


def srgb_and_clipped(reflectance: np.ndarray) -> tuple[np.ndarray, float]:
    """:func:`srgb`, and the share of the colours that lie outside the gamut of a screen and were cut off to fit."""
    linear = xyz(reflectance) @ _SRGB_FROM_XYZ.T
    outside = ((linear < -_ROUNDING) | (linear > 1.0 + _ROUNDING)).any(axis=-1)
    return _encoded(np.clip(linear, 0.0, 1.0)), float(np.mean(outside))


def srgb_of_lab(lab: Sequence[float], name: str = "the colour") -> np.ndarray:
    """Red, green and blue of a Lab colour, 0 to 1.

    Raises
    ------
    InputError: the colour lies outside what a screen can show; `name` says which.
    """
    level = (lab[0] + 16.0) / 116.0
    roots = np.array([level + lab[1] / 500.0, level, level - lab[2] / 200.0])
    edge = 6.0 / 29.0
    relative = np.where(roots > edge, roots**3, 3.0 * edge**2 * (roots - 4.0 / 29.0))
    linear = _SRGB_FROM_XYZ @ (relative * np.linalg.solve(_SRGB_FROM_XYZ, np.ones(3)))
    if (linear < -_ROUNDING).any() or (linear > 1.0 + _ROUNDING).any():
        text = ", ".join(f"{value:g}" for value in lab)
        raise _core.InputError(f"{name} {text}: is outside the gamut (no screen shows it and no hair or skin has it); check L, a and b")
    return _encoded(np.clip(linear, 0.0, 1.0))


def read_lab(text: str, name: str) -> Lab:
    """L*, a*, b* from "L,a,b".

    Raises
    ------
    InputError: not three numbers, L* outside 0 to 100, or a colour outside the gamut.
    """
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 3:
        raise _core.InputError(f"{name} {text}: is not L,a,b; write three numbers, for example {name} 25,4,7")
    return checked_lab(values, name)


def checked_lab(lab: Sequence[float], name: str) -> Lab:
    """A Lab colour that can exist.

    Raises
    ------
    InputError: not three finite numbers, L* outside 0 to 100, or a colour outside the gamut.
    """
    values = tuple(float(value) for value in lab)
    text = ", ".join(f"{value:g}" for value in values)
    if len(values) != 3 or not np.isfinite(values).all():
        raise _core.InputError(f"{name} {text}: is not a Lab colour; give three numbers, L* from 0 to 100, a*, b*")
    if not 0.0 <= values[0] <= 100.0:
        raise _core.InputError(f"{name} {text}: L* = {values[0]:g} is out of range (lightness); use 0 to 100")
    srgb_of_lab(values, name)
    return values


def _encoded(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
