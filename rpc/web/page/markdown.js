// Text of a model as a part of the page: only what text is made of, nothing that runs or loads.
import DOMPurify from "./lib.purify.js";
import { marked } from "./lib.marked.js";

const kSafe = {
  ALLOWED_TAGS: ["a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li",
                 "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ALLOWED_ATTR: ["align", "class", "href", "start", "title"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** A fragment to put into the page. */
export function safeFragment(text) {
  const html = marked.parse(text, { gfm: true, breaks: true, mangle: false, headerIds: false });
  const fragment = DOMPurify.sanitize(html, kSafe);
  for (const link of fragment.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  for (const block of fragment.querySelectorAll("pre")) block.tabIndex = 0;
  for (const marked of fragment.querySelectorAll("[class]")) {
    if (marked.tagName !== "CODE" || !/^language-[\w+#-]+$/.test(marked.className)) marked.removeAttribute("class");
  }
  return fragment;
}
