using Ixy.Simulation.Virtio;
using Ixy.Virtio;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// What a hostile driver writes to the registers and rings of a virtio-net card: split, packed or legacy. The card must
/// keep running and stay within its memory.
/// </summary>
internal sealed class VirtioTarget
{
    private const int Bar = 4, LegacyBar = 0, Size = 16, RingLength = 0x2000;
    private const uint Notify = 0x3000;

    // virtio 1.2, 4.1.4.3; and 4.1.4.8 for legacy.
    private const uint FeatureSelect = 0x08, Features = 0x0C, Status = 0x14, Queue = 0x16, QueueSize = 0x18,
        QueueEnable = 0x1C, QueueAddresses = 0x20;
    private const uint LegacyFeatures = 0x04, LegacyAddress = 0x08, LegacyQueue = 0x0E, LegacyNotify = 0x10,
        LegacyStatus = 0x12;

    // VIRTIO_F_INDIRECT_DESC, which the drivers do not use.
    private const VirtioFeatures Indirect = (VirtioFeatures)(1ul << 28);

    private readonly HostileDriver _driver;
    private readonly bool _isLegacy, _isPacked;
    private readonly ushort[] _published = new ushort[3];

    private VirtioTarget(HostileDriver driver, bool isLegacy, bool isPacked) =>
        (_driver, _isLegacy, _isPacked) = (driver, isLegacy, isPacked);

    internal static void Run(byte[] bytes)
    {
        var input = new InputReader(bytes);
        byte kind = input.Byte(), features = input.Byte();
        var wire = new InputWire();
        var options = new VirtioCardOptions
        {
            IsPacked = (kind & 3) == 1,
            IsLegacy = (kind & 3) == 2,
            QueueSize = Size,
            PerverseSeed = (kind & 4) != 0 ? kind : null,
            QueuePairs = (kind & 8) != 0 ? 2 : 1,
        };
        using var driver = new HostileDriver(new VirtioCard(options, wire), wire);
        var target = new VirtioTarget(driver, options.IsLegacy, options.IsPacked);
        if ((kind & 16) == 0) target.SetUp(features);
        for (int i = 0; i < HostileDriver.MostOperations && !input.IsEmpty; i++) target.Step(ref input);
        driver.Run(20);
    }

    private void Step(ref InputReader input)
    {
        int operation = input.Byte() % HostileDriver.Operations;
        switch (operation)
        {
            case 0:
                int size = 1 << input.Byte() % 3;
                Write(input.Byte() % 0x40u / (uint)size * (uint)size, input.Number(), size);
                break;
            case 1: Ring(input.Byte() % 3); break;
            case 2: Give(ref input); break;
            case 3: HostileDriver.Put(Place(input.Byte() % 3) + input.Word() % RingLength, input.Take(16)); break;
            case 4: EnableQueue(input.Byte() % 3, input.Byte() * 256); break;
            case 5: SetUp(input.Byte()); break;
            case 6: _ = _driver.Card.ReadBar(Bar, input.Word() % 0x3000u, 1); break;
            case 7: Write(_isLegacy ? LegacyNotify : Notify, input.Word(), 2); break;
            default: _driver.Do(operation, ref input); break;
        }
        _driver.Card.Dma.EndTurn();
    }

    // 3.1.1: each bit withholds some features.
    private void SetUp(byte without)
    {
        VirtioFeatures[] groups = [
            VirtioFeatures.MergeableBuffers, Indirect, VirtioFeatures.EventIndex, VirtioFeatures.ControlQueue];
        var accepted = ((VirtioCard)_driver.Card).Control.Offered;
        for (int i = 0; i < groups.Length; i++)
        {
            if ((without >> i & 1) != 0) accepted &= ~groups[i];
        }
        Array.Clear(_published);
        _driver.EnableDma();
        SetStatus(0);
        SetStatus(3);
        if (_isLegacy) Write(LegacyFeatures, (uint)accepted, 4);
        for (uint word = 0; word < 2 && !_isLegacy; word++)
        {
            Write(FeatureSelect, word, 4);
            Write(Features, (uint)((ulong)accepted >> 32 * (int)word), 4);
        }
        SetStatus(0xB);
        for (int queue = 0; queue < 3; queue++) EnableQueue(queue, Place(queue));
        SetStatus(0xF);
    }

    // Descriptors, then the driver's part, then the device's.
    private void EnableQueue(int queue, int place)
    {
        ulong address = HostileDriver.Iova + (ulong)place;
        if (_isLegacy)
        {
            Write(LegacyQueue, (uint)queue, 2);
            Write(LegacyAddress, (uint)(address / 4096), 4);
            return;
        }
        Write(Queue, (uint)queue, 2);
        Write(QueueSize, Size, 2);
        for (uint part = 0; part < 3; part++)
        {
            Write(QueueAddresses + 8 * part, (uint)address + part * 0x400, 4);
            Write(QueueAddresses + 8 * part + 4, 0, 4);
        }
        Write(QueueEnable, 1, 2);
    }

    // Makes a descriptor in the next slot available.
    private void Give(ref InputReader input)
    {
        int queue = input.Byte() % 3, slot = _published[queue] % Size, place = Place(queue);
        uint address = input.Word(), length = input.Number();
        uint flags = input.Byte();
        ushort next = input.Byte();
        bool isFirstLap = _published[queue]++ / Size % 2 == 0;
        if (_isPacked) flags = flags & 0x7F | (isFirstLap ? 1u << 7 : 1u << 15);
        HostileDriver.Put(place + 16 * slot, HostileDriver.Iova + address);
        ulong command = _isPacked ? length | (ulong)next << 32 | (ulong)flags << 48
            : length | (ulong)flags << 32 | (ulong)next << 48;
        HostileDriver.Put(place + 16 * slot + 8, command);
        if (_isPacked) return;
        int available = place + (_isLegacy ? 16 * Size : 0x400);
        HostileDriver.Put(available + 4 + 2 * slot, BitConverter.GetBytes((ushort)slot));
        HostileDriver.Put(available + 2, BitConverter.GetBytes(_published[queue]));
    }

    private void Ring(int queue) => Write(_isLegacy ? LegacyNotify : Notify + 4 * (uint)queue, (uint)queue, 2);

    private void SetStatus(uint status) => Write(_isLegacy ? LegacyStatus : Status, status, 1);

    private static int Place(int queue) => queue * RingLength;

    private void Write(uint offset, uint value, int size)
    {
        int bar = _isLegacy ? LegacyBar : Bar;
        if (offset < _driver.Card.BarLength(bar)) _driver.Card.WriteBar(bar, offset, value, size);
    }
}
