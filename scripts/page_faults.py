"""What of the words on a page can't be read as they should be, asked in the browser: JavaScript."""

from __future__ import annotations

__all__ = ["FAULTS"]

FAULTS = """() => {
  const found = [], wide = innerWidth + 1;
  const name = e => (e.innerText || e.textContent || '').trim().replace(/\\s+/g, ' ').slice(0, 60);
  const main = document.querySelector('[data-testid=stMain]') || document.scrollingElement;
  for (const e of new Set([main, document.scrollingElement]))
    if (e.scrollWidth > e.clientWidth + 1) found.push(`it scrolls sideways by ${e.scrollWidth - e.clientWidth} px`);
  const scrolls = e => {
    for (let p = e; p && p !== document.body; p = p.parentElement)
      if (p !== main && /auto|scroll/.test(getComputedStyle(p).overflowX + getComputedStyle(p).overflowY)
          && (p.scrollWidth > p.clientWidth + 1 || p.scrollHeight > p.clientHeight + 1)) return true;
    return false;
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.textContent.trim() || !e) continue;
    if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (e.closest('style, script, noscript, option, svg, [aria-hidden=true], .skip, [data-testid=stSidebar]')) continue;
    if (e.closest('details:not([open]) > :not(summary)')) continue;
    const style = getComputedStyle(e), range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter(b => b.width > 1 && b.height > 1);
    if (!boxes.length || e.clientWidth === 1) continue;
    const inside = scrolls(e);
    for (let p = e; p && p !== document.body && !inside; p = p.parentElement) {
      const s = getComputedStyle(p);
      if (!/hidden|clip/.test(s.overflowX + s.overflowY) || p.clientWidth <= 2) continue;
      const box = p.getBoundingClientRect();
      if (boxes.some(b => b.right > box.right + 2 || b.bottom > box.bottom + 3 || b.left < box.left - 2)) {
        found.push(`cut off: "${name(e)}"`);
        break;
      }
    }
    if (!inside && boxes.some(b => b.right > wide || b.left < -1)) found.push(`beyond the edge: "${name(e)}"`);
    if (style.position !== 'fixed' && !e.closest('[data-testid=stHeader]') && !inside)
      texts.push(...boxes.map(b => [b, e]));
  }
  for (let i = 0; i < texts.length; i++)
    for (let j = i + 1; j < texts.length; j++) {
      const [a, one] = texts[i], [b, other] = texts[j];
      if (one === other || one.contains(other) || other.contains(one)) continue;
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 3 && y > 5) found.push(`overlap: "${name(one)}" and "${name(other)}"`);
    }
  return [...new Set(found)].slice(0, 12);
}"""
"""What of the words on a page can't be read as they should be."""
