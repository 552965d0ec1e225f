using System.Text.RegularExpressions;
using PuppeteerSharp;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>Films in a real browser: stepped through, searched and linked to, with mouse and keys.</summary>
public sealed class FilmPageTests(FilmBrowser browser) : IClassFixture<FilmBrowser>
{
    private static readonly Lazy<string> s_ten = new(FilmScenes.TenPackets), s_double = new(FilmScenes.DoubleUse),
        s_wrap = new(FilmScenes.WrapAround), s_packed = new(FilmScenes.PackedRing);

    private static string Scene(string name) => name switch
    {
        "ten" => s_ten.Value,
        "wrap" => s_wrap.Value,
        "double" => s_double.Value,
        _ => s_packed.Value,
    };

    // The film of Linux's driver is tested like this in Ixy.Vm.Tests.
    [SkippableTheory]
    [InlineData("ten", "write RXDCTL")]
    [InlineData("wrap", "tail of receive ring 0")]
    [InlineData("double", "frame sent")]
    [InlineData("packed", "packed ring 1")]
    public async Task EachFilmDoesAllThatAFilmDoes(string scene, string search)
    {
        foreach (int width in (int[])[1280, 400]) await browser.TryEverything(Scene(scene), search, width);
    }

    [SkippableFact]
    public async Task StepsGoForwardsAndBackwards()
    {
        await using var film = await browser.Open(s_ten.Value);
        Assert.Equal(1, await film.Event());
        await film.Page.ClickAsync("#step");
        await film.Page.ClickAsync("#step");
        Assert.Equal(3, await film.Event());
        await film.Page.ClickAsync("#back");
        Assert.Equal(2, await film.Event());
        await film.Page.ClickAsync("#last");
        int last = await film.Event();
        Assert.Equal(await film.Get<int>("JSON.parse(data.textContent).events.length"), last);
        await film.Page.ClickAsync("#first");
        Assert.Equal(1, await film.Event());
        await film.Page.SelectAsync("#unit", "packet");
        await film.Page.ClickAsync("#step");
        Assert.Contains("frame received: 60 bytes, IPv4 UDP", await film.Current());
        Assert.Contains("Destination port", await film.Text("#detail"));
    }

    // What is shown depends on the event alone, not on how it was reached.
    [SkippableTheory]
    [InlineData("ten")]
    [InlineData("wrap")]
    [InlineData("double")]
    [InlineData("packed")]
    public async Task AMomentLooksTheSameFromBothSides(string scene)
    {
        await using var film = await browser.Open(Scene(scene));
        int count = await film.Get<int>("JSON.parse(data.textContent).events.length");
        foreach (int index in new[] { count / 3, count / 2, count * 2 / 3, count * 9 / 10 })
        {
            string forwards = await Show(0), backwards = await Show(count - 1);
            Assert.Equal(forwards, backwards);

            async Task<string> Show(int from)
            {
                string go = $"slider.value = {{0}}; slider.dispatchEvent(new Event('input'));";
                await film.Page.EvaluateExpressionAsync(go.Replace("{0}", $"{from + 1}"));
                await film.Page.EvaluateExpressionAsync(go.Replace("{0}", $"{index + 1}"));
                Assert.Equal(index + 1, await film.Event());
                return await film.Get<string>("detail.innerHTML + cards.innerHTML + registers.innerHTML");
            }
        }
    }

    [SkippableFact]
    public async Task SearchFindsEventsAndSaysHowMany()
    {
        await using var film = await browser.Open(s_ten.Value);
        await film.Press("/");
        await film.Page.Keyboard.TypeAsync("write RXDCTL");
        Assert.Matches(@"^\d+ found$", await film.Text("#found"));
        await film.Press("Enter");
        Assert.Contains("write RXDCTL[0] = 0x02000000 (ENABLE)", await film.Current());
        Assert.Matches(@"^1 of \d+$", await film.Text("#found"));
        string detail = await film.Text("#detail");
        Assert.Contains("section 8.2.3.8.6", detail);
        // The exact line depends on the JIT: once it has optimised the method, a neighbouring line may be named.
        var place = Regex.Match(detail, @"src/Ixy/Ixgbe/IxgbeDevice\.SetUp\.cs:(\d+)");
        Assert.True(place.Success, detail);
        string source = Path.Combine(Checkout.Root, "src/Ixy/Ixgbe/IxgbeDevice.SetUp.cs");
        Assert.Contains(File.ReadAllLines(source)[int.Parse(place.Groups[1].Value) - 1].Trim(), detail);
        int first = await film.Event();
        await film.Press("Enter");
        Assert.True(await film.Event() > first);
        await film.Page.ClickAsync("#previous");
        Assert.Equal(first, await film.Event());
        await film.Page.EvaluateExpressionAsync("query.value = 'no such thing'; query.dispatchEvent(new Event('input'))");
        Assert.Equal("nothing found", await film.Text("#found"));
    }

    [SkippableFact]
    public async Task ALinkLeadsToItsMoment()
    {
        string link;
        int there;
        await using (var film = await browser.Open(s_ten.Value))
        {
            await film.Press("p", "p", "p");
            link = await film.Get<string>("here.getAttribute('href')");
            there = await film.Event();
            Assert.Matches(@"^#t=\d+(,\d+)?$", link);
        }
        await using (var film = await browser.Open(s_ten.Value, link))
        {
            Assert.Equal(there, await film.Event());
            await film.Page.EvaluateExpressionAsync("location.hash = '#t=0'");
            await film.Page.WaitForFunctionAsync("() => document.querySelector('#where').textContent.startsWith('Event 1 of')");
            // Links within the page work the same way.
            await film.Press("End");
            await film.Page.ClickAsync("#register-table button");
            Assert.InRange(await film.Event(), 2, there * 100);
        }
        await using var strange = await browser.Open(s_ten.Value, "#t=nonsense");
        Assert.Equal(1, await strange.Event());
    }

    [SkippableFact]
    public async Task KeysDoEverything()
    {
        await using var film = await browser.Open(s_double.Value);
        int count = await film.Get<int>("JSON.parse(data.textContent).events.length");
        await film.Press("ArrowRight", "ArrowRight", "ArrowLeft", "PageDown");
        Assert.Equal(22, await film.Event());
        await film.Press("PageUp", "End");
        Assert.Equal(count, await film.Event());
        await film.Press("Home", "b");
        Assert.Contains("tail-overtakes-head", await film.Text(".broken"));
        Assert.Contains("broken rule: tail-overtakes-head", await film.Text("#live"));
        await film.Press("Home", "r");
        Assert.Contains("RTTDCS", await film.Current());
        // Keys typed into the search box are text.
        await film.Press("/", "b", "p");
        Assert.Equal("bp", await film.Get<string>("query.value"));
        await film.Press("Escape", "Home");
        Assert.Equal(1, await film.Event());
        // Keys still work after a click: the slider has its own arrows, Home and End.
        await film.Page.ClickAsync("#slider");
        Assert.Equal("slider", await film.Get<string>("document.activeElement.id"));
        await film.Press("Home", "ArrowRight");
        Assert.Equal(2, await film.Event());
        await film.Press("End");
        Assert.Equal(count, await film.Event());
        await film.Press("Home", "b");
        Assert.Contains("broken rule: tail-overtakes-head", await film.Text("#live"));
        await film.Press("Home", "r");
        Assert.Contains("RTTDCS", await film.Current());
        await film.Press("Home", "p");
        Assert.Contains("frame", await film.Current());
        await film.Press("Home");
        await film.Page.FocusAsync("#unit");
        await film.Press("b");
        Assert.Contains("broken rule: tail-overtakes-head", await film.Current());
        Assert.Equal("event", await film.Get<string>("unit.value"));
    }

    // For screen readers: every control has a name, and changes are announced.
    [SkippableFact]
    public async Task EveryControlHasAName()
    {
        await using var film = await browser.Open(s_ten.Value, "#t=40000000");
        string[] unnamed = await film.Get<string[]>("""
            [...document.querySelectorAll('button, input, select, a, [tabindex], svg')].filter(e => !(e.ariaLabel
                || e.textContent.trim() || (e.labels && e.labels.length))).map(e => e.outerHTML)
            """);
        Assert.Empty(unnamed);
        Assert.Equal("polite", await film.Get<string>("live.getAttribute('aria-live')"));
        Assert.StartsWith(
            "receive ring 0, 64 descriptors, head ", await film.Get<string>("document.querySelector('.ring svg').ariaLabel"));
        await film.Press("Tab");
        Assert.NotEqual("BODY", await film.Get<string>("document.activeElement.tagName"));
    }

    [SkippableFact]
    public async Task ABrokenRuleIsRedWhereItHappened()
    {
        await using var film = await browser.Open(s_double.Value);
        await film.Page.ClickAsync("#to-rule");
        Assert.Contains("broken rule: tail-overtakes-head, TDT[0] = 0x3", await film.Current());
        Assert.Equal("rgb(196, 22, 28)", await film.Get<string>(
            "getComputedStyle(document.querySelector('.broken .lead')).color"));
        string detail = await film.Text("#detail");
        Assert.Contains("section 7.2.3", detail);
        Assert.Contains("recorded.Bench.Write(TDT, 3);", detail);
    }

    [SkippableFact]
    public async Task RingsShowWhoOwnsWhat()
    {
        await using var film = await browser.Open(s_wrap.Value);
        await film.Press("End");
        await film.Page.EvaluateExpressionAsync("query.value = 'tail of transmit ring 0'; query.dispatchEvent(new Event('input'))");
        await film.Page.ClickAsync("#previous");
        Assert.Matches(@"tail of transmit ring 0: \d+ → \d+", await film.Current());
        string ring = await film.Get<string>("document.querySelector('.ring.on svg').ariaLabel");
        Assert.Matches(@"^transmit ring 0, 64 descriptors, head \d+, tail \d+: [1-9]\d* the card’s", ring);
    }

    [SkippableTheory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(400, false)]
    [InlineData(400, true)]
    public async Task NothingIsWiderThanTheScreen(int width, bool isDark)
    {
        foreach (string scene in new[] { "ten", "wrap", "double", "packed" })
        {
            await using var film = await browser.Open(Scene(scene), "", width, isDark);
            await film.Press(scene == "double" ? "b" : "p");
            Assert.InRange(await film.Get<int>("document.documentElement.scrollWidth"), 1, width);
            int[] back = [.. (await film.Get<string>("getComputedStyle(document.body).backgroundColor"))
                .Split('(', ')')[1].Split(',').Select(int.Parse)];
            Assert.Equal(isDark, back.Sum() < 3 * 128);
            if (Environment.GetEnvironmentVariable("IXY_PICTURES") is { } folder)
            {
                string name = $"{scene}-{width}-{(isDark ? "dark" : "light")}.png";
                await film.Page.ScreenshotAsync(Path.Combine(folder, name), new ScreenshotOptions { FullPage = true });
            }
        }
    }

    [SkippableFact]
    public async Task AFilmOfFullLengthIsSmallAndQuick()
    {
        string page = FilmScenes.FullLength();
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(page), 500_000, 3_000_000);
        await using var film = await browser.Open(page);
        await film.Press("End");
        Assert.Equal(20_000, await film.Event());
        await film.Press("ArrowLeft", "Home");
        Assert.Equal(1, await film.Event());
    }
}
