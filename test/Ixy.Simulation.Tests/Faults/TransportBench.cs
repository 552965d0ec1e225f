using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Our driver on a simulated card that it reaches by another transport than a call, in real time: nothing here says how
/// long something takes.
/// </summary>
internal abstract class TransportBench : IDisposable
{
    private readonly Resources _before = Resources.Now;
    private NetworkDevice? _device;
    private int _level;

    /// <param name="card">The card, as in a specifier.</param>
    /// <param name="interrupts">The driver uses interrupts.</param>
    protected TransportBench(string card, bool interrupts)
    {
        Options = FaultBench.Options with { Interrupts = interrupts };
        IsModernVirtio = card == "virtio" || card.StartsWith("virtio,", StringComparison.Ordinal);
    }

    internal HastyClock Clock { get; } = new();

    internal NetworkDevice Device => _device!;

    internal bool IsModernVirtio { get; }

    /// <summary>Rules that the driver may have broken because of the fault.</summary>
    internal bool BreaksRules { get; set; }

    internal abstract Wire Wire { get; }

    protected NetworkDeviceOptions Options { get; }

    protected abstract Ixy.Hosting.RuleViolations Violations { get; }

    private int Level =>
        Device.ReceiveQueues.Sum(queue => queue.Pool.Available) + Device.TransmitQueues.Sum(queue => queue.Pending);

    internal abstract void Inject(string fault);

    internal abstract void Mend(CardFault fault);

    /// <summary>The transport's end, without a driver.</summary>
    protected abstract PciDevice Connect();

    /// <summary>Ends the card.</summary>
    protected abstract void Close();

    /// <summary>Opens the device, which was not open.</summary>
    internal void Open()
    {
        Assert.Null(_device);
        _device = NetworkDevice.Open(Connect(), Options);
        _level = Level;
        Assert.True(Device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
    }

    /// <summary>Disposes the device, however little it answers.</summary>
    internal void CloseDevice()
    {
        _device!.Dispose();
        _device = null;
    }

    /// <summary>What a watch finds.</summary>
    internal PciDeviceException AwaitFault()
    {
        using var watch = new DeviceWatch(Device, TimeSpan.FromMilliseconds(5));
        DriverBench.Until(() => watch.Fault is not null, "a fault");
        return watch.Fault!;
    }

    /// <summary>Packets of 60 bytes from the pool of the first queue.</summary>
    internal Packet[] Allocate(int count)
    {
        var packets = new Packet[count];
        Assert.Equal(count, Device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < count; i++)
        {
            packets[i].Length = 60;
            DriverBench.Frame(i).CopyTo(packets[i].Data);
        }
        return packets;
    }

    internal void Send(int count) => Assert.Equal(count, Device.Transmit(Allocate(count)));

    /// <summary>How many have come; their buffers go back.</summary>
    internal int Take()
    {
        int count = 0;
        var batch = new Packet[32];
        for (int received; (received = Device.Receive(batch)) > 0; count += received)
            PacketPool.Free(batch.AsSpan(0, received));
        return count;
    }

    /// <summary>
    /// Frames pass in both directions, more than the rings have places for; one only, if the wire sends none.
    /// </summary>
    internal void AssertPasses(int count = 300)
    {
        Assert.True(Device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
        long start = Wire.Statistics.Received;
        int sent = 0, received = 0;
        DriverBench.Until(() =>
        {
            if (sent < count && sent - received < 64)
            {
                var packets = Allocate(Math.Min(16, count - sent));
                int taken = Device.Transmit(packets);
                PacketPool.Free(packets.AsSpan(taken));
                sent += taken;
            }
            received += Take();
            if (Wire.WritesFile) received = (int)(Wire.Statistics.Received - start);
            return received >= count;
        }, $"{count} frames");
        Device.CheckHealth();
    }

    /// <summary>
    /// Ends: unless the device was lost, it passes traffic, and its pools get full again; a new one passes traffic too;
    /// and then the process has what it had before.
    /// </summary>
    internal void End()
    {
        if (_device is not null)
        {
            AssertPasses();
            DriverBench.Until(() =>
            {
                Take();
                return Level == _level;
            }, $"all buffers: {Level} of {_level} are there");
            CloseDevice();
        }
        Open();
        AssertPasses();
        CloseDevice();
        if (!BreaksRules) Assert.Empty(Violations.All);
        Close();
        // A server's threads release some of it.
        long end = Environment.TickCount64 + 10_000;
        while (Resources.Now != _before && Environment.TickCount64 < end) Thread.Yield();
        Assert.Equal(_before, Resources.Now);
    }

    /// <summary>After a failure, when <see cref="End"/> was not reached: releases what there is.</summary>
    public void Dispose()
    {
        Clock.PerLook = TimeSpan.Zero;
        _device?.Dispose();
        Close();
    }
}
