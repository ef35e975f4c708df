"use strict";
// The names of the index, searched as they are typed: those that begin so come first. Arrows choose, Enter goes there.
const input = document.getElementById("search"), found = document.getElementById("found"), index = document.getElementById("index");
const names = [...document.querySelectorAll("[id]")].map((element) => element.id).filter((id) => /^nacre_|^NACRE_|\.h$/.test(id));
let chosen = 0;

index.open = innerWidth > 832; // a small screen shows the text first

function rank(name, wanted) {
    const bare = name.toLowerCase().replace(/^nacre_/, ""), at = bare.indexOf(wanted.replace(/^nacre_/, ""));
    return at < 0 ? Infinity : (at > 0) * 1000 + bare.length;
}

function choose(place) {
    chosen = Math.max(0, Math.min(place, found.children.length - 1));
    [...found.children].forEach((row, i) => row.classList.toggle("chosen", i === chosen));
}

function show() {
    const wanted = input.value.trim().toLowerCase().replace(/\s+/g, "_").replace(/\(\)$/, "");
    const best = names.map((name) => [rank(name, wanted), name]).filter(([r]) => r < Infinity).sort((a, b) => a[0] - b[0]).slice(0, 40);
    found.replaceChildren(...best.map(([, name]) => {
        const row = document.createElement("li"), link = document.createElement("a");
        link.href = "#" + name;
        link.textContent = name;
        row.append(link);
        return row;
    }));
    if (best.length === 0)
        found.append(Object.assign(document.createElement("li"), {textContent: "no such name"}));
    found.hidden = wanted === "";
    index.hidden = wanted !== "";
    choose(0);
}

input.addEventListener("input", show);
input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
        event.preventDefault();
    } else if (event.key === "Enter" && found.children[chosen]?.firstChild?.href) {
        location.hash = found.children[chosen].textContent;
    } else if (event.key === "Escape") {
        input.value = "";
        show();
    }
});
document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
        input.focus();
        input.select();
        event.preventDefault();
    }
});
