// @vitest-environment happy-dom
import { memo, type ReactNode, useState } from "react"
import { describe, expect, test } from "vitest"
import type { Entry, Member, Self, Snapshot } from "../../src/client/index.ts"
import { RoomProvider, shallowEqual, useConnectionStatus, useMembers, useOthers, useSelf, useSnapshot } from "../../src/react/index.tsx"
import { pass, type Scene, scene, settled, watchOver } from "./scene.tsx"

watchOver()

type Saw = { readonly saw: (value: unknown) => void }
type Selecting<Part> = Saw & { readonly select: (part: Part) => unknown; readonly isEqual?: (a: unknown, b: unknown) => boolean }

// One hook each, so that nothing else makes them render.
const Others = ({ saw }: Saw) => void saw(useOthers())
const Members = ({ saw }: Saw) => void saw(useMembers())
const SelfOnly = ({ saw }: Saw) => void saw(useSelf())
const Status = ({ saw }: Saw) => void saw(useConnectionStatus())
const Whole = ({ saw }: Saw) => void saw(useSnapshot())
const OthersOf = ({ saw, select, isEqual }: Selecting<readonly Entry[]>) => void saw(useOthers(select, isEqual))
const MembersOf = ({ saw, select, isEqual }: Selecting<readonly Member[]>) => void saw(useMembers(select, isEqual))
const SelfOf = ({ saw, select, isEqual }: Selecting<Self>) => void saw(useSelf(select, isEqual))
const WholeOf = ({ saw, select, isEqual }: Selecting<Snapshot>) => void saw(useSnapshot(select, isEqual))

const Row = memo(({ entry, saw }: { entry: Entry; saw: (member: string) => void }) => void saw(entry.member))
const Rows = ({ saw }: { saw: (member: string) => void }) =>
  useOthers().map((entry) => <Row key={entry.connection} entry={entry} saw={saw} />)

const Counter = ({ saw, keep }: Saw & { keep: (add: () => void) => void }) => {
  const [count, setCount] = useState(0)
  keep(() => setCount(count + 1))
  saw(useOthers((others) => others.map(({ ref }) => ref + 1000 * count)))
  return null
}

/** A room with ann and bob in it and this client as well, all settled. */
async function roomWith(render: (saw: (value: unknown) => void) => ReactNode): Promise<Scene & { renders: unknown[]; ann: number }> {
  const stage = scene()
  const ann = stage.service.enter("doc", "ann", { at: 1 })
  stage.service.enter("doc", "bob", { at: 1 })
  const renders: unknown[] = []
  await stage.render(
    <RoomProvider room="doc" initial={{ at: 0 }}>
      {render((value) => renders.push(value))}
    </RoomProvider>,
  )
  renders.splice(0)
  return { ...stage, renders, ann }
}

function self(stage: Scene): number {
  return stage.service.open[0]?.ref ?? -1
}

describe("renders", () => {
  test("[RX7] useOthers renders for others alone", async () => {
    const stage = await roomWith((saw) => <Others saw={saw} />)
    await settled(() => stage.service.update("doc", self(stage), { at: 5 }))
    expect(stage.renders).toHaveLength(0)
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    expect(stage.renders).toMatchObject([[{ member: "ann", data: { at: 2 } }, { member: "bob" }]])
  })

  test("[RX7] useSelf renders for oneself alone", async () => {
    const stage = await roomWith((saw) => <SelfOnly saw={saw} />)
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    await settled(() => stage.service.leave("doc", stage.ann))
    expect(stage.renders).toHaveLength(0)
    await settled(() => stage.service.status("doc", self(stage), "away"))
    expect(stage.renders).toMatchObject([{ member: "me", status: "away", data: { at: 0 } }])
  })

  test("[RX7] useMembers renders for whoever changes, and collapses tabs", async () => {
    const stage = await roomWith((saw) => <Members saw={saw} />)
    await settled(() => stage.service.enter("doc", "ann", { at: 9 }))
    expect(stage.renders).toMatchObject([[{ member: "ann", data: { at: 9 } }, { member: "bob" }, { member: "me", isSelf: true }]])
    await settled(() => stage.service.message("doc", "hello", {}))
    expect(stage.renders).toHaveLength(1)
  })

  test("[RX7] useConnectionStatus renders for the status alone, from connecting to closed, and the reason is in the snapshot", async () => {
    const stage = scene()
    stage.service.isHolding = true
    const states: unknown[] = []
    const reasons: unknown[] = []
    await stage.render(
      <RoomProvider room="doc">
        <Status saw={(value) => states.push(value)} />
        <WholeOf saw={(value) => reasons.push(value)} select={({ reason }) => reason?.code} />
      </RoomProvider>,
    )
    await settled(() => stage.service.sockets[0]?.admit())
    const ann = stage.service.enter("doc", "ann", {})
    await settled(() => stage.service.update("doc", ann, { at: 1 }))
    await settled(() => stage.service.sockets[0]?.end(4403, "kicked"))
    expect(states).toEqual(["connecting", "connected", "closed"])
    expect(reasons).toEqual([undefined, 4403])
  })

  test("[RX7] useSnapshot without a selector renders once for each change, and for nothing else", async () => {
    const stage = await roomWith((saw) => <Whole saw={saw} />)
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    await settled(() => stage.service.message("doc", "hello", {}))
    expect(stage.renders).toHaveLength(1)
  })

  test("[RX7] a selector's component renders only when what it picks has changed", async () => {
    const stage = await roomWith((saw) => <OthersOf saw={saw} select={(others) => others.length} />)
    for (const at of [2, 3, 4]) await settled(() => stage.service.update("doc", stage.ann, { at }))
    expect(stage.renders).toEqual([])
    await settled(() => stage.service.enter("doc", "cyd", {}))
    expect(stage.renders).toEqual([3])
  })

  test("[RX7] what is equal by the app's own measure renders nothing", async () => {
    const isNear = (a: unknown, b: unknown) => Math.abs(Number(a) - Number(b)) < 5
    const stage = await roomWith((saw) => <OthersOf saw={saw} select={([first]) => first?.data["at"]} isEqual={isNear} />)
    await settled(() => stage.service.update("doc", stage.ann, { at: 4 }))
    expect(stage.renders).toEqual([])
    await settled(() => stage.service.update("doc", stage.ann, { at: 9 }))
    expect(stage.renders).toEqual([9])
  })

  test("[RX7] many changes of one task are one render", async () => {
    const stage = await roomWith((saw) => <OthersOf saw={saw} select={(others) => others.map(({ data }) => data["at"])} />)
    await settled(() => {
      for (const at of [2, 3, 4]) stage.service.update("doc", stage.ann, { at })
    })
    expect(stage.renders).toEqual([[4, 1]])
  })
})

describe("selectors", () => {
  test("[RX8] one that builds a new array at each call causes no render without a change, and no loop", async () => {
    const stage = await roomWith((saw) => <OthersOf saw={saw} select={(others) => others.map(({ member }) => member)} />)
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    expect(stage.renders).toEqual([])
    await settled(() => stage.service.enter("doc", "cyd", {}))
    expect(stage.renders).toEqual([["ann", "bob", "cyd"]])
  })

  test("[RX8] one that builds a new object does not either, of members, of oneself and of the whole", async () => {
    const stage = await roomWith((saw) => (
      <>
        <MembersOf saw={saw} select={(members) => ({ count: members.length })} />
        <SelfOf saw={saw} select={({ data }) => ({ at: data["at"] })} />
        <WholeOf saw={saw} select={({ others, status }) => ({ count: others.length, status })} />
      </>
    ))
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    await settled(() => stage.service.status("doc", self(stage), "away"))
    expect(stage.renders).toEqual([])
  })

  test("[RX8] one written in place is asked for each new value of its part, and not for other parts", async () => {
    let asked = 0
    const count = (others: readonly Entry[]) => {
      asked++
      return others.length
    }
    const stage = await roomWith((saw) => <OthersOf saw={saw} select={count} />)
    asked = 0
    await settled(() => stage.service.status("doc", self(stage), "away"))
    expect(asked).toBe(0)
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    expect(asked).toBe(1)
  })

  test("[RX8] what it picks stays the same object while it is equal, and follows what the selector closes over at once", async () => {
    let add = () => {}
    const keep = (next: () => void) => {
      add = next
    }
    const stage = await roomWith((saw) => <Counter saw={saw} keep={keep} />)
    const others = [...stage.service.present("doc").keys()].slice(0, 2)
    await settled(() => add())
    expect(stage.renders).toEqual([others.map((ref) => ref + 1000)])
    await stage.render(
      <RoomProvider room="doc" initial={{ at: 0 }}>
        <Counter saw={(value) => stage.renders.push(value)} keep={keep} />
      </RoomProvider>,
    )
    expect(stage.renders).toHaveLength(2)
    expect(stage.renders[1]).toBe(stage.renders[0])
  })

  test("[RX8] an entry in which nothing changed keeps its identity: a memoized row does not render", async () => {
    const rows: string[] = []
    const stage = await roomWith(() => <Rows saw={(member) => rows.push(member)} />)
    rows.splice(0)
    await settled(() => stage.service.update("doc", stage.ann, { at: 2 }))
    expect(rows).toEqual(["ann"])
  })

  test("[RX8] useSelf asks neither selector nor equality about nobody", async () => {
    const stage = scene()
    const asked: unknown[] = []
    const renders: unknown[] = []
    const isEqual = (a: unknown, b: unknown) => {
      asked.push(a, b)
      return a === b
    }
    const select = (me: Self) => {
      asked.push(me)
      return me.data["at"]
    }
    await stage.render(
      <RoomProvider room="doc" initial={{ at: 7 }}>
        <SelfOf saw={(value) => renders.push(value)} select={select} isEqual={isEqual} />
      </RoomProvider>,
    )
    using room = stage.client.room("doc")
    await settled(() => room.leave())
    await pass(100)
    expect(renders).toEqual([null, 7, null])
    expect(asked).not.toContain(null)
  })
})

describe("shallowEqual", () => {
  test.each([
    [1, 1, true],
    [Number.NaN, Number.NaN, true],
    [0, -0, false],
    [[], [], true],
    [[1, "a"], [1, "a"], true],
    [[1], [1, 2], false],
    [[[]], [[]], false],
    [{}, {}, true],
    [{ a: 1 }, { a: 1 }, true],
    [{ a: undefined }, { b: undefined }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: {} }, { a: {} }, false],
    [[], {}, false],
    [null, undefined, false],
    [null, {}, false],
    [new Map(), new Map(), false],
    [new Date(0), new Date(0), false],
  ])("[RX8] %o and %o: %o", (a, b, expected) => {
    expect(shallowEqual(a, b)).toBe(expected)
    expect(shallowEqual(b, a)).toBe(expected)
  })
})
