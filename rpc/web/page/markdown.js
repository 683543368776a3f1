// Text of a model as a part of the page: only what text is made of, nothing that runs or loads.
import DOMPurify from "./lib.purify.js";
import { marked } from "./lib.marked.js";

// HTML of a model is shown as what it wrote. Its headings are none of this page's.
marked.use({
  mangle: false, headerIds: false, gfm: true, breaks: true,
  renderer: {
    html: (html) => html.replaceAll("&", "&amp;").replaceAll("<", "&lt;"),
    heading: (text) => `<p><strong>${text}</strong></p>`,
  },
});

const kSafe = {
  ALLOWED_TAGS: ["a", "b", "blockquote", "br", "code", "del", "em", "hr", "i", "li",
                 "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ALLOWED_ATTR: ["align", "class", "href", "start", "title"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** A fragment to put into the page. */
export function safeFragment(text) {
  const html = marked.parse(text);
  const fragment = DOMPurify.sanitize(html, kSafe);
  for (const link of fragment.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  for (const block of fragment.querySelectorAll("pre")) block.tabIndex = 0;
  for (const named of fragment.querySelectorAll("[class]")) {
    if (named.tagName !== "CODE" || !/^language-[\w+#-]+$/.test(named.className)) named.removeAttribute("class");
  }
  return fragment;
}
