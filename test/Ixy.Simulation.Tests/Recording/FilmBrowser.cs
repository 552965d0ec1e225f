using PuppeteerSharp;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>A headless Chromium, and the pages that tests open in it.</summary>
public sealed class FilmBrowser : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-film-");
    private IBrowser? _browser;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (!Tool.Exists("chromium")) return;
        _browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            // Chromium's sandbox does not work for root, which CI runs as.
            Args = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
        });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    internal async Task<FilmPage> Open(string film, string hash = "", int width = 1280, bool isDark = false)
    {
        Skip.If(_browser is null, "chromium is not installed (apt install chromium)");
        string file = Path.Combine(_directory.FullName, $"{Guid.NewGuid():n}.html");
        await File.WriteAllTextAsync(file, film);
        var page = new FilmPage(await _browser!.NewPageAsync(), new Uri(file).AbsoluteUri);
        await page.Open(hash, width, isDark);
        return page;
    }
}

/// <summary>
/// A film in the browser. Closing it fails the test if the page reported an error or tried to use the network.
/// </summary>
internal sealed class FilmPage(IPage page, string address) : IAsyncDisposable
{
    private readonly List<string> _faults = [];

    internal IPage Page => page;

    internal async Task Open(string hash, int width, bool isDark)
    {
        page.Console += (_, said) =>
        {
            if (said.Message.Type is ConsoleType.Error or ConsoleType.Warning) _faults.Add(said.Message.Text);
        };
        page.PageError += (_, error) => _faults.Add(error.Message);
        page.Request += (_, asked) =>
        {
            string url = asked.Request.Url;
            if (url.Split('#')[0] != address && !url.StartsWith("data:", StringComparison.Ordinal)) _faults.Add(url);
        };
        await page.SetViewportAsync(new ViewPortOptions { Width = width, Height = 900 });
        await page.EmulateMediaFeaturesAsync(
        [
            new() { MediaFeature = MediaFeature.PrefersColorScheme, Value = isDark ? "dark" : "light" },
        ]);
        await page.GoToAsync(address + hash);
    }

    internal Task<string> Text(string selector) => Get<string>($"document.querySelector('{selector}').textContent");

    internal Task<T> Get<T>(string expression) => page.EvaluateExpressionAsync<T>(expression);

    internal async Task<int> Event() =>
        int.Parse((await Text("#where")).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    internal Task<string> Current() => Text("#list [aria-current]");

    internal async Task Press(params string[] keys)
    {
        foreach (string key in keys) await page.Keyboard.PressAsync(key);
    }

    public async ValueTask DisposeAsync()
    {
        await page.CloseAsync();
        Assert.Empty(_faults);
    }
}
