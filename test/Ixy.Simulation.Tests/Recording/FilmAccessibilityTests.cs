using PuppeteerSharp.PageAccessibility;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>
/// A film without a mouse and without sight: what Chromium tells a screen reader, and colour contrast.
/// </summary>
public sealed class FilmAccessibilityTests(FilmBrowser browser) : IClassFixture<FilmBrowser>
{
    // Text with too little contrast to its background: WCAG 2.2, 1.4.3 requires 4.5 to 1.
    private const string PoorText = """
        (() => {
          const parts = color => color.match(/[\d.]+/g).map(Number);
          const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
          const behind = element => {
            for (; element; element = element.parentElement) {
              const color = parts(getComputedStyle(element).backgroundColor);
              if (color.length < 4 || color[3] > 0) return color;
            }
            return [255, 255, 255];
          };
          const poor = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let text; text = texts.nextNode();) {
            const element = text.parentElement;
            if (!text.data.trim() || !element.checkVisibility() || element.closest('script, .unseen')) continue;
            const style = getComputedStyle(element), ink = parts(element.closest('svg') ? style.fill : style.color);
            const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5)
              poor.push(`${((a + 0.05) / (b + 0.05)).toFixed(2)} ${element.id || element.className}: ${text.data.trim()}`);
          }
          return poor;
        })()
        """;

    private static readonly Lazy<string> s_ten = new(FilmScenes.TenPackets), s_double = new(FilmScenes.DoubleUse);

    [SkippableFact]
    public async Task AScreenReaderFindsItsWay()
    {
        await using var film = await browser.Open(s_ten.Value);
        await film.Press("End", "P");
        var all = Flatten(await film.Page.Accessibility.SnapshotAsync(new() { InterestingOnly = false })).ToList();
        foreach (var (role, name) in new[]
        {
            ("navigation", "Where in the film"), ("search", ""), ("main", ""), ("region", "Events"),
            ("region", "This event"), ("region", "Cards and their rings"), ("region", "Registers so far"),
            ("button", "First event (Home)"), ("button", "Back (left arrow)"), ("button", "Forward (right arrow)"),
            ("button", "Last event (End)"), ("combobox", "Step by"), ("searchbox", "Search"),
            ("button", "Previous match (Shift+Enter)"), ("button", "Next match (Enter)"), ("slider", "Event"),
            ("list", "Events around this one"), ("link", "Link to this moment"), ("heading", "Events"),
            ("heading", "This event"), ("heading", "Ethernet"), ("image", "card to wire"),
        })
        {
            Assert.True(
                all.Any(node => node.Role == role && (node.Name ?? "").StartsWith(name, StringComparison.Ordinal)),
                $"no {role} '{name}' in\n{string.Join("\n", all.Select(node => $"{node.Role} '{node.Name}'").Distinct())}");
        }
        Assert.Equal(4, all.Count(node => node.Role == "image" && node.Name.Contains(" ring 0, 64 descriptors, head ")));
        Assert.Contains(all, node => node.Role == "columnheader" && node.Name == "Meaning");
        Assert.Equal($"{await film.Event()}", all.Single(node => node.Role == "slider").Value);
        // The tree lacks this, but screen readers announce it.
        Assert.Matches(
            @"^\d+ of \d+: frame sent: 60 bytes, IPv4 UDP",
            await film.Get<string>("slider.getAttribute('aria-valuetext')"));
        Assert.Contains(all, node => node.Live == "polite");
        // Heading levels increase one at a time.
        int level = 0;
        foreach (var heading in all.Where(node => node.Role == "heading"))
        {
            Assert.InRange(heading.Level, 1, level + 1);
            level = heading.Level;
        }
        string[] controls = ["button", "link", "combobox", "searchbox", "slider", "list", "region", "image"];
        Assert.All(all.Where(node => controls.Contains(node.Role)), node => Assert.NotEqual("", node.Name));
    }

    // Each step is announced, and only once.
    [SkippableFact]
    public async Task WhatHappensIsSaid()
    {
        await using var film = await browser.Open(s_double.Value);
        foreach (string key in (string[])["ArrowRight", "r", "b", "End", "Home"])
        {
            await film.Press(key);
            string[] row = await film.Get<string[]>(
                "[...document.querySelector('#list [aria-current]').children].map(part => part.textContent)");
            Assert.Equal($"{row[0]}, card {row[1]}: {row[2]}", await film.Text("#live"));
        }
    }

    // Following a link redraws it. The focus must stay there, and not return to the top.
    [SkippableTheory]
    [InlineData("#register-table button")]
    [InlineData("#detail a")]
    public async Task TheFocusStaysWhereItWasUsed(string selector)
    {
        await using var film = await browser.Open(s_ten.Value);
        await film.Press("End", "P");
        int before = await film.Event();
        string name = await film.Text(selector);
        await film.Page.FocusAsync(selector);
        await film.Press("Enter");
        Assert.NotEqual(before, await film.Event());
        string focus = await film.Get<string>("document.activeElement.id || document.activeElement.textContent");
        Assert.Equal(selector.StartsWith("#detail") ? "now" : name, focus);
        // Keys still work there.
        before = await film.Event();
        await film.Press("ArrowLeft");
        Assert.Equal(before - 1, await film.Event());
    }

    // Everything that scrolls can be scrolled without a mouse.
    [SkippableFact]
    public async Task EverythingCanBeReachedByTab()
    {
        await using var film = await browser.Open(s_ten.Value, "#t=40300000");
        var reached = new HashSet<string>();
        for (int i = 0; i < 400 && !reached.Contains("BODY"); i++)
        {
            await film.Press("Tab");
            reached.Add(await film.Get<string>("document.activeElement.id || document.activeElement.tagName"));
        }
        Assert.Superset(
            new HashSet<string>(["first", "back", "step", "last", "unit", "here", "query", "previous", "next", "slider",
                "list", "now", "register-table", "BODY"]), reached);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TextStandsOutInLightAndDark(bool isDark)
    {
        foreach (string scene in (string[])[s_ten.Value, s_double.Value])
        {
            await using var film = await browser.Open(scene, isDark: isDark);
            foreach (string key in (string[])["p", "r", "b", "End"])
            {
                await film.Press(key);
                Assert.Empty(await film.Get<string[]>(PoorText));
            }
        }
    }

    private static IEnumerable<SerializedAXNode> Flatten(SerializedAXNode node) =>
        [node, .. (node.Children ?? []).SelectMany(Flatten)];
}
