using System.Net;
using System.Text.Json.Nodes;
using PuppeteerSharp;

namespace Ixy.Repository.Tests.Packaging;

/// <summary>The documentation as a site, as built by <c>eng/docs</c>: a warning fails the test.</summary>
[Trait("needs", "time")]
public sealed class SiteTests
{
    private static readonly Lazy<(string? Path, string? WhyNot)>
        s_site = new(() => Releases.Script("eng/docs", "--no-build"));

    private static string Site
    {
        get
        {
            Skip.If(s_site.Value.Path is null, s_site.Value.WhyNot);
            return s_site.Value.Path!;
        }
    }

    [SkippableFact]
    public void EveryPageIsInItAndInItsContents()
    {
        string[] pages = [
            .. Directory.GetFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories)
                .Select(page => Path.ChangeExtension(Path.GetRelativePath(Checkout.Root, page), ".html"))];
        var listed = Listed("docs").Concat(Listed("docs/tour")).Append("docs/README.html").ToHashSet();
        Assert.InRange(pages.Length, 35, 200);
        Assert.All(pages, page => Assert.True(File.Exists(Path.Combine(Site, page)), page));
        Assert.All(pages, page => Assert.True(listed.Contains(page), $"{page} is not in the contents"));
        Assert.Equal(
            ["index.html", "docs/tour/README.html", "docs/README.html", "api/index.html"],
            Entries(Path.Combine(Site, "toc.json")).Select(entry => (string)entry["href"]!));
    }

    // The compiler checks everything else: elsewhere, CS1591 is an error.
    [SkippableFact]
    public void RegistersAreDescribedToo()
    {
        string page = File.ReadAllText(Path.Combine(Site, "api/Ixy.Ixgbe.IxgbeRegisters.html"));
        Assert.Contains("Receive tail: the doorbell (8.2.3.8.5)", page);
        Assert.Contains("Which half of the features the next shows",
            File.ReadAllText(Path.Combine(Site, "api/Ixy.Virtio.VirtioRegisters.Common.html")));
        string[] tables = Directory.GetFiles(Path.Combine(Site, "../site-source/api"), "*Registers*.yml");
        Assert.InRange(tables.Length, 30, 100);
        Assert.All(tables, table =>
        {
            string[] items = File.ReadAllText(table).Split("\nreferences:")[0].Split("\n- uid: ");
            Assert.All(items.Skip(1), item => Assert.Contains("\n  summary: ", item));
        });
    }

    [Fact]
    public void OnlyRegisterTablesHaveMembersWithoutComments()
    {
        string[] settings = File.ReadAllText(Path.Combine(Checkout.Root, ".editorconfig")).Split("\n[");
        string section = Assert.Single(settings, section => section.Contains("CS1591", StringComparison.Ordinal));
        Assert.StartsWith("src/Ixy/Ixgbe/Ixgbe*Registers.cs]", section);
        var others = Directory.GetFiles(Path.Combine(Checkout.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("disable CS1591", StringComparison.Ordinal));
        Assert.Equal(["VirtioRegisters.cs"], others.Select(file => Path.GetFileName(file)));
    }

    // At two widths: nothing is loaded from elsewhere, no script fails, diagrams are drawn, and nothing overflows.
    [SkippableTheory]
    [InlineData("index.html", false)]
    [InlineData("api/Ixy.NetworkDevice.html", false)]
    [InlineData("docs/architecture.html", true)]
    [InlineData("docs/real-cards.html", false)]
    [InlineData("docs/coming-from/dpdk.html", false)]
    [InlineData("docs/tour/README.html", true)]
    [InlineData("docs/tour/1-pci-function.html", true)]
    public async Task PagesWorkInABrowser(string path, bool hasDiagram)
    {
        Skip.IfNot(Tool.Exists("chromium"), "chromium is not installed (apt install chromium)");
        using var server = new FolderServer(Site);
        await using var browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
        });
        foreach (int width in new[] { 1280, 400 })
        {
            await using var page = await browser.NewPageAsync();
            var faults = new List<string>();
            page.PageError += (_, error) => faults.Add(error.Message);
            page.Request += (_, asked) =>
            {
                string url = asked.Request.Url;
                if (!url.StartsWith(server.Address, StringComparison.Ordinal)
                    && !url.StartsWith("data:", StringComparison.Ordinal)) faults.Add(url);
            };
            page.Response += (_, answered) =>
            {
                if (answered.Response.Status >= HttpStatusCode.BadRequest) faults.Add(answered.Response.Url);
            };
            await page.SetViewportAsync(new ViewPortOptions { Width = width, Height = 900 });
            await page.GoToAsync(server.Address + path);
            await page.WaitForSelectorAsync("header nav a");
            if (hasDiagram) await page.WaitForSelectorAsync("article svg[id^=mermaid]");
            int diagrams = await page.EvaluateExpressionAsync<int>("document.querySelectorAll('.mermaid').length");
            Assert.Equal(hasDiagram, diagrams > 0);
            int wide = await page.EvaluateExpressionAsync<int>("document.documentElement.scrollWidth");
            Assert.True(wide <= width, $"{path} is {wide} pixels wide on a screen of {width}");
            Assert.Empty(faults);
        }
    }

    private static IEnumerable<string> Listed(string folder) =>
        Entries(Path.Combine(Site, folder, "toc.json"))
            .SelectMany(entry => entry["items"] is JsonArray items ? items.Select(item => item!) : [entry])
            .Select(entry => $"{folder}/{(string)entry["href"]!}");

    private static IEnumerable<JsonNode> Entries(string contents) =>
        JsonNode.Parse(File.ReadAllText(contents))!["items"]!.AsArray().Select(entry => entry!);

    /// <summary>A web server for the files in a folder.</summary>
    private sealed class FolderServer : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly string _folder;

        internal FolderServer(string folder)
        {
            _folder = folder;
            for (int port = 20_000 + Environment.ProcessId % 10_000; ; port++)
            {
                Address = $"http://127.0.0.1:{port}/";
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add(Address);
                try
                {
                    _listener.Start();
                    break;
                }
                catch (HttpListenerException)
                {
                    // The port is in use.
                }
            }
            _ = Task.Run(Serve);
        }

        internal string Address { get; }

        public void Dispose() => _listener.Close();

        private async Task Serve()
        {
            while (_listener.IsListening)
            {
                try
                {
                    Answer(await _listener.GetContextAsync());
                }
                catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
                {
                    // The browser hung up, or the test is over.
                }
            }
        }

        private void Answer(HttpListenerContext context)
        {
            using var response = context.Response;
            string path = Uri.UnescapeDataString(context.Request.Url!.AbsolutePath.TrimStart('/'));
            string file = Path.Combine(_folder, path);
            if (!File.Exists(file))
            {
                response.StatusCode = (int)HttpStatusCode.NotFound;
                return;
            }
            response.ContentType = Path.GetExtension(file) switch
            {
                ".html" => "text/html",
                ".js" => "text/javascript",
                ".css" => "text/css",
                ".svg" => "image/svg+xml",
                ".json" => "application/json",
                _ => "application/octet-stream",
            };
            byte[] content = File.ReadAllBytes(file);
            response.ContentLength64 = content.Length;
            response.OutputStream.Write(content);
        }
    }
}
