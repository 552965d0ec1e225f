using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// What a hostile driver writes to the registers and memory of an 82599 (or X550): queues, descriptors, anything. The
/// card must keep running and stay within its memory.
/// </summary>
internal static class IxgbeTarget
{
    private const uint BarLength = 0x20000, QueueStride = 0x40, ReceiveQueues = 0x1000, TransmitQueues = 0x6000;
    private const uint Control = 0x28, Tail = 0x18, Enable = 1u << 25;

    internal static void Run(byte[] bytes)
    {
        var input = new InputReader(bytes);
        byte kind = input.Byte();
        var wire = new InputWire();
        var options = new IxgbeCardOptions
        {
            LinkUpDelay = 0,
            DeviceId = (ushort)((kind & 1) != 0 ? 0x1563 : 0x10FB),
            HasSiliconQuirks = (kind & 2) != 0,
            PerverseSeed = (kind & 4) != 0 ? kind : null,
        };
        using var driver = new HostileDriver(new IxgbeCard(options, wire), wire);
        if ((kind & 8) == 0) SetUp(driver);
        for (int i = 0; i < HostileDriver.MostOperations && !input.IsEmpty; i++) Step(driver, ref input);
        driver.Run(20);
    }

    private static void Step(HostileDriver driver, ref InputReader input)
    {
        int operation = input.Byte() % HostileDriver.Operations;
        switch (operation)
        {
            case 0: Write(driver, Queue(input.Byte()) + (uint)(input.Byte() % 16 * 4), input.Number()); break;
            case 1: Start(driver, TransmitQueues, ref input); break;
            case 2:
                Write(driver, ReceiveQueues + 0x14, input.Number()); // SRRCTL of queue 0
                Start(driver, ReceiveQueues, ref input);
                break;
            case 3: Write(driver, Queue(input.Byte()) + Tail, input.Word()); break;
            case 4: SetUp(driver); break;
            case 5 or 6: Write(driver, input.Word() * 4u % BarLength, input.Number()); break;
            case 7: _ = driver.Card.ReadBar(0, input.Word() * 4u % BarLength); break;
            default: driver.Do(operation, ref input); break;
        }
    }

    // The minimum set-up for anything to move (82599 datasheet, 4.6).
    private static void SetUp(HostileDriver driver)
    {
        driver.Card.PciReset();
        driver.EnableDma();
        Write(driver, HLREG0.Offset, 0xC07); // with jumbo frames
        Write(driver, MAXFRS.Offset, 9018u << 16);
        Write(driver, 0x4950, 160 - 16); // TXPBTHRESH
        Write(driver, AUTOC.Offset, driver.Card.ReadBar(0, AUTOC.Offset) | 1u << 12);
        driver.Run(20);
        Write(driver, FCTRL.Offset, 7u << 8);
        Write(driver, RXCTRL.Offset, 1);
        Write(driver, DMATXCTL.Offset, 1);
    }

    // A ring of a plausible place and length.
    private static void Start(HostileDriver driver, uint queues, ref InputReader input)
    {
        uint queue = queues + QueueStride * (input.Byte() % 3u);
        uint place = input.Byte() * 256u, count = 8u << input.Byte() % 6;
        Write(driver, queue + Control, 0);
        Write(driver, queue, (uint)HostileDriver.Iova + place);
        Write(driver, queue + 4, 0);
        Write(driver, queue + 8, count * 16);
        Write(driver, queue + Control, Enable);
        Write(driver, queue + Tail, input.Byte());
    }

    private static uint Queue(byte number) =>
        ((number & 1) != 0 ? TransmitQueues : ReceiveQueues) + QueueStride * (uint)(number >> 1 & 63);

    private static void Write(HostileDriver driver, uint offset, uint value) => driver.Card.WriteBar(0, offset, value);
}
