using Ixy.Ixgbe;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Vfio;

namespace Ixy.Tests;

/// <summary>
/// Interrupts of a simulated card in this process, as any driver sees them: vectors, masks, kinds, teardown.
/// </summary>
public sealed class SimulatedInterruptTests : IDisposable
{
    private const uint Cause = 1 << 1;
    private const int Timeout = 5000, Moment = 50;

    private readonly int _descriptors = OpenDescriptors.Count();
    private readonly SimulatedPciDevice _device = new("sim:test", new IxgbeCard(new IxgbeCardOptions(), new FarEnd()));
    private readonly InterruptVector[] _fired = new InterruptVector[4];
    private readonly PciBar _bar;

    public SimulatedInterruptTests()
    {
        _device.EnableBusMaster();
        _bar = _device.OpenBar(0);
    }

    [Fact]
    public void TheCardSaysHowManyVectorsItHas()
    {
        Assert.Equal((1, 1, 64), (Count(InterruptKind.Intx), Count(InterruptKind.Msi), Count(InterruptKind.Msix)));
        var error = Assert.Throws<InterruptsNotSupportedException>(
            () => _device.EnableInterrupts(InterruptKind.Msix, 65));
        Assert.Contains("65 were asked for", error.Message);
    }

    [Fact]
    public void AVectorFiresAndItsMaskHoldsItBack()
    {
        using var vectors = UseMsix();
        using var waiter = new InterruptWaiter(vectors[0], vectors[1], vectors[2]);
        Assert.Equal(0, Wait(waiter, Moment));
        Raise();
        Assert.Equal((1, 1), (Wait(waiter, Timeout), _fired[0].Index));
        Assert.Equal((0, 1, 0), (vectors[0].Fired, vectors[1].Fired, vectors[2].Fired));

        // The mask bit in the card's MSI-X table: an interrupt is held pending meanwhile (PCI 3.0, 6.8.3.2), and sent
        // once.
        vectors[1].Mask();
        Raise();
        Assert.Equal(0, Wait(waiter, Moment));
        vectors[1].Unmask();
        Assert.Equal((1, 1), (Wait(waiter, Timeout), _fired[0].Index));
        Assert.Equal(0, Wait(waiter, Moment));
    }

    [Fact]
    public void NothingFiresAfterTheEndNorWithoutBusMaster()
    {
        var vectors = UseMsix();
        using (var waiter = new InterruptWaiter(vectors[1]))
        {
            // A message is a memory write.
            _device.DisableBusMaster();
            Raise();
            Assert.Equal(0, Wait(waiter, Moment));
            _device.EnableBusMaster();
            Raise();
            Assert.Equal(1, Wait(waiter, Timeout));
        }
        vectors.Dispose();
        Raise();
        // Only one kind at a time; another may follow this one.
        using var line = _device.EnableInterrupts(InterruptKind.Msi);
        Assert.Throws<InvalidOperationException>(() => _device.EnableInterrupts(InterruptKind.Msix));
    }

    [Fact] // It stays asserted until the card is served, so it masks itself.
    public void TheLineFiresOnceAndAgainWhenItIsUnmasked()
    {
        using var vectors = _device.EnableInterrupts(InterruptKind.Intx);
        using var waiter = new InterruptWaiter(vectors[0]);
        _bar.Write32(CardRegisters.EIMS, 1u << 20);
        _bar.Write32(CardRegisters.EICS, 1u << 20);
        Assert.Equal(1, Wait(waiter, Timeout));
        Assert.Equal(0, Wait(waiter, Moment));
        vectors[0].Unmask();
        Assert.Equal(1, Wait(waiter, Timeout));
        _bar.Write32(IxgbeRegisters.EICR, uint.MaxValue);
        vectors[0].Unmask();
        Assert.Equal(0, Wait(waiter, Moment));
    }

    [Fact] // As with the kernel's VFIO.
    public void AResetLeavesTheVectorsConnected()
    {
        using var vectors = UseMsix();
        using var waiter = new InterruptWaiter(vectors[1]);
        _device.Reset();
        SetUp();
        Raise();
        Assert.Equal(1, Wait(waiter, Timeout));
    }

    public void Dispose()
    {
        _device.Dispose();
        Assert.Empty(_device.Violations.All);
        Assert.Equal(_descriptors, OpenDescriptors.Count());
    }

    private int Count(InterruptKind kind) => _device.CountInterruptVectors(kind);

    private int Wait(InterruptWaiter waiter, int milliseconds) =>
        waiter.Wait(_fired, TimeSpan.FromMilliseconds(milliseconds));

    private InterruptVectors UseMsix()
    {
        var vectors = _device.EnableInterrupts(InterruptKind.Msix, 3);
        SetUp();
        return vectors;
    }

    // Several vectors, auto-cleared by their messages.
    private void SetUp()
    {
        _bar.Write32(
            IxgbeFeatureRegisters.GPIE,
            IxgbeFeatureRegisters.GPIE_.MultipleMsix | IxgbeFeatureRegisters.GPIE_.PbaSupport);
        _bar.Write32(IxgbeFeatureRegisters.EIAC, IxgbeFeatureRegisters.EIAC_.Queues);
        _bar.Write32(IxgbeFeatureRegisters.EIMS_EX, Cause);
    }

    private void Raise() => _bar.Write32(CardRegisters.EICS_EX, Cause);
}
