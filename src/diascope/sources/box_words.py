"""What a question says of how its boxes are written, as in [x_min, y_min, width, height].

Words in brackets that spell no convention say nothing, and numbers are never looked at.
"""

import re

from diascope.geometry import Order

_ORDERS: dict[str, Order] = {
    "xmin,ymin,xmax,ymax": "xyxy",
    "x1,y1,x2,y2": "xyxy",
    "x0,y0,x1,y1": "xyxy",
    "left,top,right,bottom": "xyxy",
    "ymin,xmin,ymax,xmax": "yxyx",
    "y1,x1,y2,x2": "yxyx",
    "y0,x0,y1,x1": "yxyx",
    "top,left,bottom,right": "yxyx",
    "x,y,width,height": "xywh",
    "x,y,w,h": "xywh",
    "xmin,ymin,width,height": "xywh",
    "xmin,ymin,w,h": "xywh",
    "left,top,width,height": "xywh",
    "cx,cy,w,h": "cxcywh",
    "cx,cy,width,height": "cxcywh",
    "xcenter,ycenter,width,height": "cxcywh",
    "centerx,centery,width,height": "cxcywh",
}
_BRACKETS = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_SCALED = re.compile(
    r"\b(normali[sz]ed|scaled|fractions?|percent(age)?s?"
    r"|relative to the (image|picture|width|height|size)"
    r"|0(\.0)?\s*(-|\u2013|to|and|,)\s*(1(\.0)?|100|1000|1023|1024))(?![\w.]\d|\w)",
    re.IGNORECASE,
)


def order_of(words: str) -> Order | None:
    """The convention that words like `x_min, y_min, width, height` spell; None for any other."""
    return _ORDERS.get(re.sub(r"[\s_'\"]", "", words.lower()))


def stated_orders(question: str) -> frozenset[Order]:
    """Every convention that stands in brackets in the question."""
    spelt = (order_of(match[1]) for match in _BRACKETS.finditer(question))
    return frozenset(order for order in spelt if order)


def is_scaled(question: str) -> bool:
    """Whether the question asks for fractions of the image's sides in place of pixels."""
    return _SCALED.search(question) is not None
