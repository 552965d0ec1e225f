using System.Diagnostics;
using Ixy.Vfio.Dma;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>
/// A server that dies: at every step, while the client sends no command, and while a thread waits for an interrupt.
/// </summary>
public sealed class ClientDeathTests
{
    [Fact]
    [Trait("needs", "time")]
    public void AfterEveryByte()
    {
        using var memory = DmaMemory.Allocate(4096);
        long beforeEnd = 0, bytes = 0;
        Assert.Null(ClientBench.Watch(bench =>
        {
            bench.UseAll();
            (beforeEnd, bytes) = (bench.BytesBeforeEnd, bench.Server.BytesSent);
        }));
        Assert.True(bytes > 1000);
        for (long sent = 0; sent <= bytes; sent++)
        {
            var error = ClientBench.Watch(bench =>
            {
                bench.Server.EndAfter(sent);
                bench.UseAll();
            });
            // The last check may come before or after the client learns that the connection has ended.
            if (sent == beforeEnd && error is VfioUserDisconnectedException) continue;
            // Quiescing a device that has gone is not an error.
            if (sent >= beforeEnd) Assert.True(error is null, $"after {sent} bytes: {error}");
            else Assert.True(error is VfioUserDisconnectedException, $"after {sent} bytes: {error}");
        }
    }

    [Fact]
    public void WhileTheClientOnlyPollsMemory() => Assert.Null(ClientBench.Watch(bench =>
    {
        using var device = bench.Open();
        Assert.False(device.IsGone);
        device.ThrowIfGone();
        long start = Stopwatch.GetTimestamp();
        bench.Server.EndConnection();
        while (!device.IsGone) Assert.True(Stopwatch.GetElapsedTime(start) < ClientBench.Moment);
        var error = Assert.Throws<VfioUserDisconnectedException>(device.ThrowIfGone);
        Assert.Contains(bench.Server.Path, error.Message);
        Assert.Throws<VfioUserDisconnectedException>(() => device.ReadConfig(0, 2));
    }));

    [Fact]
    public void WhileSomebodyWaitsForAnInterrupt() => Assert.Null(ClientBench.Watch(bench =>
    {
        using var device = bench.Open();
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 3);
        using var waiter = new InterruptWaiter(vectors[0], vectors[1], vectors[2]);
        var fired = new InterruptVector[4];
        Assert.Equal(0, waiter.Wait(fired, TimeSpan.FromMilliseconds(1)));
        bench.Server.EndConnection();
        // All vectors are signalled, one after another; a wait ends with the first.
        var woken = new HashSet<int>();
        while (woken.Count < 3)
        {
            int count = waiter.Wait(fired, ClientBench.Moment);
            Assert.True(count > 0, $"only {woken.Count} of 3 vectors have fired");
            foreach (var vector in fired[..count]) Assert.True(woken.Add(vector.Index));
            Assert.True(device.IsGone);
        }
    }));

    [Fact] // A device that has gone does not keep others from allocating memory.
    public void AnotherDeviceGoesOn() => Assert.Null(ClientBench.Watch(bench =>
    {
        using var other = new ClientBench();
        using var dead = bench.Open();
        using var device = other.Open();
        DmaArena.Attach(dead);
        DmaArena.Attach(device);
        bench.Server.EndConnection();
        using (DmaMemory.Allocate(DmaArena.FrameLength))
            Assert.Equal(DmaArena.FrameLength, other.Server.Next(HandDevice.DmaMap).Long(24));
    }));

    [Fact]
    public void AnotherClientIsServedAfterwards() => Assert.Null(ClientBench.Watch(bench =>
    {
        using (var device = bench.Open()) bench.Server.EndConnection();
        bench.UseAll();
    }));

    [Fact]
    public void ASecondDisposeDoesNothing()
    {
        using var bench = new ClientBench();
        var device = bench.Open();
        device.Dispose();
        device.Dispose();
        Assert.True(device.IsGone);
        Assert.Throws<VfioUserDisconnectedException>(() => device.ReadConfig(0, 2));
    }

    [Fact]
    public void NoSuchSocket() =>
        AssertCannotOpen<DeviceNotFoundException>("/tmp/ixy-no-such-directory/card", "start its server");

    [Fact]
    public void ASocketThatNobodyListensTo()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ixy-left-{Environment.ProcessId}");
        try
        {
            HandSocket.Listen(path).Dispose();
            AssertCannotOpen<DeviceNotFoundException>(path, "nobody listens");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/tmp/a\0b")]
    public void NoPath(string path) => AssertCannotOpen<DeviceSpecifierException>(path, "not a path for a socket");

    [Fact]
    public void APathThatIsTooLong() =>
        AssertCannotOpen<DeviceSpecifierException>($"/tmp/{new string('ö', 60)}", "125 bytes");

    [Fact]
    public void ADirectoryIsNoSocket() => AssertCannotOpen<DeviceNotFoundException>("/tmp", "nobody listens");

    [Fact]
    public void AServerThatAcceptsNobody()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ixy-full-{Environment.ProcessId}");
        using var socket = HandSocket.Listen(path, backlog: 0);
        try
        {
            // The first client waits in the queue and gets no reply; meanwhile there is no room for another.
            AssertCannotOpen<DeviceTimeoutException>(path, "another client", ClientBench.Timeout);
            AssertCannotOpen<DeviceBusyException>(path, "accepts nobody", ClientBench.Timeout);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void TheSpecifierNeedsNoRegistration()
    {
        var error = Assert.Throws<DeviceNotFoundException>(
            () => NetworkDevice.Open("vfio-user:/tmp/ixy-no-such-directory/card"));
        Assert.StartsWith("vfio-user:/tmp/ixy-no-such-directory/card: ", error.Message);
    }

    [Fact]
    public void ADeviceWithoutADriverIsRefused()
    {
        using var bench = new ClientBench();
        bench.Device.Config[2] = 0;
        var error = Assert.Throws<PciDeviceException>(() => NetworkDevice.Open($"vfio-user:{bench.Server.Path}"));
        Assert.Contains("8086:1000", error.Message);
        while (bench.Server.Next() is not null)
        {
            // Wait for the connection to end.
        }
    }

    private static void AssertCannotOpen<T>(string path, string reason, TimeSpan? timeout = null)
        where T : PciDeviceException
    {
        int before = OpenDescriptors.Count();
        var error = Assert.Throws<T>(() => new VfioUserPciDevice(path, null, timeout ?? ClientBench.Timeout));
        Assert.Contains(reason, error.Message);
        if (timeout is null) Assert.Equal(before, OpenDescriptors.Count());
    }
}
