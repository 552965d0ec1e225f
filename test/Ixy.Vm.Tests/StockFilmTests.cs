using System.Text;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Tests.Recording;
using PuppeteerSharp;
using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>
/// A film of Linux's ixgbe on a simulated card, from its first access to configuration space until the link is up.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class StockFilmTests(GuestPool guests, FilmBrowser browser, ITestOutputHelper log)
    : IClassFixture<FilmBrowser>
{
    private const int Device = SimulatedCardsMachine.Filmed, MostBytes = 3_000_000, Restarts = 40;

    [SkippableFact]
    public async Task LinuxIxgbeCanBeWatchedFromItsProbeToTheLink()
    {
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        var rules = new RuleBook(guest, Device);
        var recorder = guest.Card(Device).Recorder!;
        guest.LoadDrivers("ixgbe");
        guest.BindTo("ixgbe", GuestMachine.Address(Device));
        Up(guest);
        log.WriteLine($"{recorder.Events.Count} events until the link is up");
        var events = recorder.Events;
        AssertShowsTheStart([.. events]);

        // Up and down until the film reaches its maximum length.
        for (int i = 0; i < Restarts && recorder.LeftOut == 0; i++)
        {
            guest.Run($"ip link set dev {KernelBridge.InterfaceOf(Device)} down").Succeeded();
            Up(guest);
        }
        guest.Unbind(GuestMachine.Address(Device));
        rules.AssertOnly(StockDriverTests.KnownOfLinux);
        using var page = new StringWriter();
        Film.Write(recorder, "ixy sim ixgbe", page);
        string film = page.ToString();
        log.WriteLine($"{recorder.Events.Count} events, {Encoding.UTF8.GetByteCount(film)} bytes");
        Assert.Equal(Recorder.DefaultLimit, recorder.Events.Count);
        Assert.InRange(Encoding.UTF8.GetByteCount(film), 500_000, MostBytes);
        int linkUp = events.ToList().FindLastIndex(happened => happened is LinkChange { IsUp: true });
        await AssertCanBeWatched(film, linkUp);
    }

    private static void Up(Guest guest) => guest.Run($"""
        name={KernelBridge.InterfaceOf(Device)}
        echo 1 > /proc/sys/net/ipv6/conf/$name/disable_ipv6
        ip link set dev $name up
        until [ $(cat /sys/class/net/$name/carrier) = 1 ]; do sleep 0.1; done
        """).Succeeded();

    // In this order, whatever else happens in between.
    private static void AssertShowsTheStart(RecordedEvent[] events)
    {
        (string What, Func<RecordedEvent, bool> Is)[] steps =
        [
            ("vendor", happened => happened is ConfigAccess { IsWrite: false, Name: "vendor id", Value: 0x8086 }),
            ("reset", happened => happened is BarAccess { IsWrite: true, Register.Name: "CTRL", Value: var value }
                && (value & (1 << 26 | 1 << 3)) != 0),
            ("EEPROM", happened => happened is BarAccess { IsWrite: false, Register.Name: "EERD" }),
            ("where the ring is", happened => happened is BarAccess { IsWrite: true, Register.Name: "RDBAL[0]" }),
            ("receive ring", happened => happened is RingStart { Ring: { Kind: RingKind.Receive, Count: 512 } }),
            ("buffers", happened => happened is TailMove { Ring.Kind: RingKind.Receive }),
            ("link", happened => happened is LinkChange { IsUp: true }),
            ("LINKS", happened => happened is BarAccess { IsWrite: false, Register.Name: "LINKS", Value: var value }
                && (value & 1 << 30) != 0),
        ];
        int at = 0;
        foreach (var (what, isStep) in steps)
        {
            int found = Array.FindIndex(events, at, happened => isStep(happened));
            Assert.True(found >= 0, $"no {what} after event {at} of {events.Length}");
            at = found + 1;
        }
        Assert.Contains(events, happened => happened is RingStart { Ring.Kind: RingKind.Transmit });
        Assert.Contains(events, happened => happened is InterruptRaised);
        Assert.DoesNotContain(events, happened => happened is BufferShared);
        // The driver is in another process, so no event has a source line here.
        Assert.All(events, happened => Assert.Null(happened.Place));
    }

    private async Task AssertCanBeWatched(string film, int linkUp)
    {
        foreach (int width in (int[])[1280, 400])
        {
            await browser.TryEverything(film, "read LINKS", width);
            await using var opened = await browser.Open(film, width: width);
            await opened.Press("/");
            await opened.Page.Keyboard.TypeAsync("link up at 10000");
            await opened.Press("Enter");
            Assert.Contains("link up at 10000 Mbit/s", await opened.Current());
            Assert.InRange(await opened.Event(), 1, linkUp + 1);
            await opened.Page.EvaluateExpressionAsync(
                "query.value = 'read LINKS'; query.dispatchEvent(new Event('input'))");
            await opened.Press("Enter", "Escape");
            Assert.Contains("section 8.2.3.22.20", await opened.Text("#detail"));
            Assert.InRange(await opened.Get<int>("document.documentElement.scrollWidth"), 1, width);
            if (Environment.GetEnvironmentVariable("IXY_PICTURES") is { } folder)
            {
                string name = Path.Combine(folder, $"linux-{width}.png");
                await opened.Page.ScreenshotAsync(name, new ScreenshotOptions { FullPage = true });
                await File.WriteAllTextAsync(Path.Combine(folder, "linux.html"), film);
            }
        }
    }
}
