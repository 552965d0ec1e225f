namespace Ixy.Simulation.Tests.Recording;

/// <summary>Uses everything that a page offers, with the mouse and with keys: the same for every film.</summary>
internal static class FilmDrive
{
    private static readonly (string Key, string Kinds, string What)[] s_units =
        [("p", "oi", "packet"), ("r", "rw", "register access"), ("b", "vn", "broken rule")];

    /// <summary>Steps, goes back, searches, and jumps.</summary>
    /// <param name="browser">The browser to open the page in.</param>
    /// <param name="film">The page.</param>
    /// <param name="search">Text that at least two of its events contain, on one line.</param>
    /// <param name="width">The width of the window.</param>
    internal static async Task TryEverything(this FilmBrowser browser, string film, string search, int width)
    {
        string link, detail;
        int there;
        await using (var page = await browser.Open(film, width: width))
        {
            string[] kinds =
                await page.Get<string[]>("JSON.parse(data.textContent).events.map(event => event[2])");
            await Click(page, ("#step", 2), ("#step", 3), ("#back", 2), ("#last", kinds.Length), ("#first", 1));
            await Press(page, ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("PageDown", 22), ("PageUp", 2),
                ("End", kinds.Length), ("ArrowRight", kinds.Length), ("Home", 1), ("ArrowLeft", 1));
            foreach (var (key, wanted, what) in s_units) await StepBy(page, kinds, key, wanted, what);
            await Search(page, search);
            (link, there, detail) = (await page.Get<string>("here.getAttribute('href')"), await page.Event(),
                await page.Get<string>("detail.innerHTML + cards.innerHTML"));
            Assert.InRange(there, 2, kinds.Length);
        }
        await using var jumped = await browser.Open(film, link, width);
        Assert.Equal(there, await jumped.Event());
        Assert.Equal(detail, await jumped.Get<string>("detail.innerHTML + cards.innerHTML"));
        Assert.InRange(await jumped.Get<int>("document.documentElement.scrollWidth"), 1, width);
    }

    private static async Task Click(FilmPage page, params (string Button, int Event)[] steps)
    {
        foreach (var (button, expected) in steps)
        {
            await page.Page.ClickAsync(button);
            Assert.Equal((button, expected), (button, await page.Event()));
        }
    }

    private static async Task Press(FilmPage page, params (string Key, int Event)[] steps)
    {
        foreach (var (key, expected) in steps)
        {
            await page.Press(key);
            Assert.Equal((key, expected), (key, await page.Event()));
            // What is shown is announced.
            Assert.NotEqual("", await page.Text("#live"));
        }
    }

    // Forward from the first event, and back from the last one; or the page says that there is none.
    private static async Task StepBy(FilmPage page, string[] kinds, string key, string wanted, string what)
    {
        int next = Array.FindIndex(kinds, 1, kind => wanted.Contains(kind));
        await page.Press("Home", key);
        Assert.Equal(next < 0 ? 1 : next + 1, await page.Event());
        if (next < 0) Assert.Equal($"no further {what}", await page.Text("#live"));
        int before = Array.FindLastIndex(kinds, kinds.Length - 2, kind => wanted.Contains(kind));
        await page.Press("End", key.ToUpperInvariant());
        Assert.Equal(before < 0 ? kinds.Length : before + 1, await page.Event());
        if (before < 0) Assert.Equal($"no earlier {what}", await page.Text("#live"));
        await page.Press("Home");
    }

    private static async Task Search(FilmPage page, string text)
    {
        await page.Press("/");
        await page.Page.Keyboard.TypeAsync(text);
        Assert.Matches(@"^\d+ found$", await page.Text("#found"));
        await page.Press("Enter");
        int first = await page.Event();
        Assert.Contains(text, await page.Current());
        Assert.Matches(@"^1 of \d+$", await page.Text("#found"));
        await page.Press("Enter");
        Assert.True(await page.Event() > first, $"only one event has '{text}'");
        await page.Page.Keyboard.DownAsync("Shift");
        await page.Press("Enter");
        await page.Page.Keyboard.UpAsync("Shift");
        Assert.Equal(first, await page.Event());
        await page.Press("Escape");
    }
}
